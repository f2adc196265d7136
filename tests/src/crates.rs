//! Crates that a test writes and hands to Cargo: for what the compiler says of files that lie beside a `Cargo.toml`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A workspace of small crates that depend on gesta.
///
/// Its folder is kept from run to run, with what was built of the dependencies.
#[derive(Debug)]
pub struct Crates {
    root: PathBuf,
    /// Where it is built; the same for all of them, so that gesta is compiled once.
    target: PathBuf,
}

/// What Cargo said of a crate.
#[derive(Debug, Default, PartialEq)]
pub struct Told {
    /// The errors as they are shown, one after the other.
    pub errors: Vec<String>,
    /// The warnings.
    pub warnings: Vec<String>,
}

impl Crates {
    /// A workspace in a folder of this name below `target`, without any crate that an earlier run has left.
    pub fn new(target: &str, name: &str) -> Self {
        let root = Path::new(target).join(name);
        let _ = fs::remove_dir_all(root.join("crates"));
        fs::create_dir_all(root.join("crates")).unwrap();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let manifest = format!(
            "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n\n\
             [workspace.dependencies]\n\
             gesta = {{ path = {:?}, default-features = false }}\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\n",
            workspace.join("runtime")
        );
        write(&root.join("Cargo.toml"), &manifest);
        if !root.join("Cargo.lock").exists() {
            fs::copy(workspace.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        }
        Self { root, target: Path::new(target).join("crates") }
    }

    /// Writes a crate with this source.
    pub fn add(&self, name: &str, source: &str) {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\ngesta.workspace = true\nserde.workspace = true\n"
        );
        self.write(name, "Cargo.toml", &manifest);
        self.write(name, "src/lib.rs", source);
    }

    /// Writes a file of a crate, unless it is the same already.
    pub fn write(&self, name: &str, file: &str, content: &str) {
        write(&self.root.join("crates").join(name).join(file), content);
    }

    /// What `cargo check` says of every crate, by their names.
    pub fn check(&self) -> Vec<(String, Told)> {
        let output = self.cargo(&["check", "--workspace", "--keep-going", "--message-format=json"]);
        let mut told: Vec<(String, Told)> = Vec::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let Some(name) = line["target"]["name"].as_str() else { continue };
            let at = told.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
                told.push((name.to_owned(), Told::default()));
                told.len() - 1
            });
            self.sort(&line["message"], &mut told[at].1);
        }
        assert!(!told.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        told
    }

    fn sort(&self, message: &serde_json::Value, told: &mut Told) {
        let (Some(level), Some(text)) = (message["level"].as_str(), message["rendered"].as_str()) else {
            return;
        };
        // Errors have a place in the source; that a crate could not be compiled has none.
        if message["spans"].as_array().is_none_or(Vec::is_empty) {
            return;
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = text
            .replace(&format!("{}/", self.root.display()), "")
            .replace(&format!("{}/", workspace.display()), "$WORKSPACE/");
        let text = text.trim_end().to_owned();
        if level == "error" { told.errors.push(text) } else { told.warnings.push(text) }
    }

    /// Runs Cargo in the workspace.
    pub fn cargo(&self, arguments: &[&str]) -> Output {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(arguments).arg("--offline").current_dir(&self.root);
        // What Cargo has told this test of its own package is not true of those crates.
        for (name, _) in env::vars_os().filter(|(name, _)| of_a_package(&name.to_string_lossy())) {
            cargo.env_remove(name);
        }
        cargo.env("CARGO_TARGET_DIR", &self.target).output().unwrap()
    }
}

fn of_a_package(name: &str) -> bool {
    let own =
        ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_TARGET_TMPDIR", "CARGO_CRATE_NAME", "RUSTFLAGS"];
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_") || own.contains(&name)
}

fn write(path: &Path, content: &str) {
    if fs::read_to_string(path).is_ok_and(|now| now == content) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
