//! A project in a folder of its own, and the programs that are run in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use gesta_tests::Folder;
use serde_json::Value;

/// The programs under test.
const CARGO_GESTA: &str = env!("CARGO_BIN_EXE_cargo-gesta");
const GESTA: &str = env!("CARGO_BIN_EXE_gesta");

/// A project that `cargo gesta new` has made.
pub(crate) struct Project {
    _folder: Folder,
    path: PathBuf,
}

/// How a program has ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Folder::new();
        let path = folder.path(name);
        let made = ended(command(CARGO_GESTA).args(["gesta", "new"]).arg(&path));
        assert_eq!(made.code, Some(0), "{made:?}");
        assert!(made.out.contains("cargo test"), "{made:?}");
        Self { _folder: folder, path }
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.path.join(file), text).unwrap();
    }

    /// Puts a text in the place of another one, which must be there.
    pub(crate) fn change(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} does not contain {from}");
        self.write(file, &text.replace(from, to));
    }

    pub(crate) fn cargo(&self, arguments: &[&str], store: &str) -> Ended {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        ended(command(&cargo).args(arguments).current_dir(&self.path).env("STORE", store))
    }

    pub(crate) fn cargo_gesta(&self, arguments: &[&str]) -> Ended {
        ended(command(CARGO_GESTA).arg("gesta").args(arguments).current_dir(&self.path))
    }

    /// `gesta`, about to be started in the project.
    pub(crate) fn gesta(&self, arguments: &[&str]) -> Command {
        let mut gesta = command(GESTA);
        gesta.args(arguments).current_dir(&self.path);
        gesta
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    // One folder for what is built for all projects: most of it is gesta itself.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("fixtures");
    command.env("CARGO_TARGET_DIR", target);
    command.env("CARGO_NET_OFFLINE", "true").env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    // A child of cargo's is told of its own package; that is not this one.
    let of_a_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST");
    for (name, _) in std::env::vars().filter(|(name, _)| of_a_package(name)) {
        command.env_remove(name);
    }
    command
}

pub(crate) fn ended(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { code: status.code(), out: text(stdout), err: text(stderr) }
}

impl Ended {
    /// With this code.
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl std::fmt::Debug for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ended with {:?}\n{}\n{}", self.code, self.out, self.err)
    }
}
