//! `cargo gesta new`: a project that runs and tests at once.

mod source;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Serialize;

use self::source::Source;
use crate::shared::{Answer, Failure, Output};

/// Arguments of `cargo gesta new`.
#[derive(Debug, clap::Args)]
pub struct New {
    /// Where the project goes; the last folder is its name
    folder: PathBuf,
    /// The name of the package, if not that of the folder
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    source: Source,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    package: String,
    folder: PathBuf,
    files: Vec<String>,
}

impl Answer for Made {
    fn human(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "`{}` is in {}:", self.package, self.folder.display())?;
        for file in &self.files {
            writeln!(out, "  {file}")?;
        }
        writeln!(out, "\n  cd {}", self.folder.display())?;
        writeln!(out, "  cargo test                       # what it promises")?;
        writeln!(out, "  cargo run -- \"call the dentist\"  # stores it in {}.db", self.package)?;
        writeln!(out, "  cargo gesta lock                 # before the first release: records its events")
    }
}

const LIB: &str = include_str!("../../../template/src/lib.rs");
const MAIN: &str = include_str!("../../../template/src/main.rs");

impl New {
    pub(super) fn run(&self, output: Output) -> Result<(), Failure> {
        let dependency = self.source.dependency()?;
        if self.folder.exists() && fs::read_dir(&self.folder).is_ok_and(|mut inside| inside.next().is_some())
        {
            return Err(Failure::Usage(format!("{} is there already and not empty", self.folder.display())));
        }
        self.begin()?;
        let manifest = self.folder.join("Cargo.toml");
        let text = read(&manifest)?;
        let package = package_name(&text)?;
        write(&manifest, &with_dependencies(&text, &dependency.requirement))?;
        write(&self.folder.join("src/lib.rs"), LIB)?;
        let main = MAIN.replace("CRATE", &package.replace('-', "_")).replace("NAME", &package);
        write(&self.folder.join("src/main.rs"), &main)?;
        // The macros can only watch a file that is there.
        write(&self.folder.join("gesta.lock"), "")?;
        write(&self.folder.join("gesta.golden"), "")?;
        let ignored = self.folder.join(".gitignore");
        let text = fs::read_to_string(&ignored).unwrap_or_default();
        let target =
            if text.lines().any(|line| line.trim_matches('/') == "target") { "" } else { "/target\n" };
        write(&ignored, &format!("{text}{target}*.db\n*.db-*\n"))?;
        if let Some(lock) = &dependency.locked
            && !self.folder.join("../Cargo.lock").exists()
        {
            // The versions that gesta was tested with, which are there without a network.
            write(&self.folder.join("Cargo.lock"), lock)?;
        }
        let files = ["Cargo.toml", "src/lib.rs", "src/main.rs", "gesta.lock", "gesta.golden", ".gitignore"];
        let made = Made { package, folder: self.folder.clone(), files: files.map(str::to_owned).into() };
        output.answer(&made).map_err(|error| Failure::other(&error))
    }

    /// cargo makes the package: it knows which names are good, and whether there is a workspace or a repository around.
    fn begin(&self) -> Result<(), Failure> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["new", "--quiet", "--lib"]);
        if let Some(name) = &self.name {
            command.args(["--name", name]);
        }
        let done = command
            .arg(&self.folder)
            .output()
            .map_err(|error| Failure::Unavailable(format!("cargo cannot be started: {error}")))?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        Err(Failure::Usage(format!(
            "cargo makes no package here: {}",
            said.trim().trim_start_matches("error: ")
        )))
    }
}

/// The name that cargo has written.
fn package_name(manifest: &str) -> Result<String, Failure> {
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    name.map(str::to_owned)
        .ok_or_else(|| Failure::Other("cargo has written a Cargo.toml without a name".into()))
}

fn with_dependencies(manifest: &str, gesta: &str) -> String {
    let wanted = format!(
        "[dependencies]\ngesta = {gesta}\nserde = {{ version = \"1\", features = [\"derive\"] }}\nthiserror = \"2\"\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n"
    );
    match manifest.split_once("[dependencies]\n") {
        Some((before, after)) => format!("{before}{wanted}{after}"),
        None => format!("{manifest}\n{wanted}"),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_go_where_cargo_has_left_room() {
        let manifest = "[package]\nname = \"a\"\n\n[dependencies]\n\n[lints]\nworkspace = true\n";
        let text = with_dependencies(manifest, "{ path = \"g\" }");
        assert!(
            text.starts_with("[package]\nname = \"a\"\n\n[dependencies]\ngesta = { path = \"g\" }\nserde"),
            "{text}"
        );
        assert!(text.ends_with("\n\n[lints]\nworkspace = true\n"), "{text}");
        assert_eq!(package_name(manifest).unwrap(), "a");
    }
}
