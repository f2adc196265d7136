use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::shared::Failure;

/// Where the new project gets gesta from.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// The folder of gesta's sources; those that this program was built from unless given
    #[arg(long, value_name = "FOLDER", conflicts_with = "git")]
    path: Option<PathBuf>,
    /// The repository of gesta
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// The branch of that repository
    #[arg(long, requires = "git", conflicts_with_all = ["tag", "rev"])]
    branch: Option<String>,
    /// The tag of that repository
    #[arg(long, requires = "git", conflicts_with = "rev")]
    tag: Option<String>,
    /// The commit of that repository
    #[arg(long, requires = "git")]
    rev: Option<String>,
}

/// What a project says of gesta.
#[derive(Debug)]
pub(super) struct Dependency {
    /// What stands behind `gesta = `.
    pub(super) requirement: String,
    /// The versions of everything that gesta was tested with, where they are known.
    pub(super) locked: Option<String>,
}

impl Source {
    pub(super) fn dependency(&self) -> Result<Dependency, Failure> {
        if let Some(url) = &self.git {
            let parts = [("git", Some(url)), ("branch", self.branch.as_ref()), ("tag", self.tag.as_ref())];
            let parts = parts.into_iter().chain([("rev", self.rev.as_ref())]);
            let parts = parts.filter_map(|(key, value)| Some(format!("{key} = {}", quoted(value?))));
            let requirement = format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "));
            return Ok(Dependency { requirement, locked: None });
        }
        let folder = match &self.path {
            Some(folder) => runtime_in(folder).ok_or_else(|| {
                Failure::NotFound(format!("{} does not hold the sources of gesta", folder.display()))
            })?,
            None => runtime_in(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")))
                .ok_or_else(|| Failure::Usage("say where gesta is: --path FOLDER or --git URL".into()))?,
        };
        let folder = folder.canonicalize().map_err(|error| Failure::other(&error))?;
        let requirement = format!("{{ path = {} }}", quoted(&folder.to_string_lossy()));
        Ok(Dependency { requirement, locked: fs::read_to_string(folder.join("../Cargo.lock")).ok() })
    }
}

/// The folder of the package `gesta` in its sources, from the top or from itself.
fn runtime_in(folder: &Path) -> Option<PathBuf> {
    [folder.join("runtime"), folder.to_owned()].into_iter().find(|folder| {
        fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "name = \"gesta\""))
    })
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
