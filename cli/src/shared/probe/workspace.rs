use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{cargo, not_started};
use crate::shared::Failure;

/// The packages of a workspace, as cargo tells them.
#[derive(Debug)]
pub(super) struct Workspace {
    packages: Vec<Package>,
    /// Where it was looked from.
    from: PathBuf,
}

/// A package that may have a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its `Cargo.toml`.
    pub manifest: PathBuf,
    /// Whether it has a library.
    pub has_lib: bool,
    /// Whether it has programs.
    pub has_bins: bool,
    /// Whether it depends on gesta itself.
    uses_gesta: bool,
}

impl Package {
    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }

    fn read(package: &Value) -> Option<Self> {
        let kinds =
            || package["targets"].as_array().into_iter().flatten().filter_map(|t| t["kind"].as_array());
        let has = |wanted: &[&str]| {
            kinds().flatten().any(|kind| kind.as_str().is_some_and(|kind| wanted.contains(&kind)))
        };
        let mut dependencies = package["dependencies"].as_array().into_iter().flatten();
        Some(Self {
            name: package["name"].as_str()?.to_owned(),
            manifest: PathBuf::from(package["manifest_path"].as_str()?),
            has_lib: has(&["lib", "rlib", "dylib", "cdylib", "staticlib"]),
            has_bins: has(&["bin"]),
            uses_gesta: dependencies.any(|dependency| dependency["name"] == "gesta"),
        })
    }
}

impl Workspace {
    pub(super) fn read(manifest_path: Option<&str>) -> Result<Self, Failure> {
        let cargo = cargo();
        let mut command = Command::new(&cargo);
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        if let Some(path) = manifest_path {
            command.args(["--manifest-path", path]);
        }
        let output =
            command.stderr(Stdio::inherit()).output().map_err(|error| not_started(&cargo, &error))?;
        if !output.status.success() {
            return Err(Failure::NotFound("cargo finds no package here; see above".into()));
        }
        let metadata: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| Failure::other(&error))?;
        let packages = metadata["packages"].as_array().into_iter().flatten().filter_map(Package::read);
        let from = match manifest_path {
            Some(path) => std::path::absolute(path),
            None => std::env::current_dir(),
        };
        Ok(Self { packages: packages.collect(), from: from.map_err(|error| Failure::other(&error))? })
    }

    /// Every package.
    pub(super) fn all(self) -> Vec<Package> {
        self.packages
    }

    /// The package of that name; else the one whose folder this is in; else all that use gesta.
    pub(super) fn chosen(self, name: Option<&str>) -> Result<Vec<Package>, Failure> {
        let names = || self.packages.iter().map(|found| found.name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some(name) = name {
            let found = self.packages.iter().find(|found| found.name == name).cloned();
            return found.map(|found| vec![found]).ok_or_else(|| {
                Failure::NotFound(format!(
                    "there is no package `{name}` in the workspace; there are {}",
                    names()
                ))
            });
        }
        let around = self.packages.iter().filter(|found| self.from.starts_with(found.folder()));
        if let Some(own) = around.max_by_key(|found| found.folder().as_os_str().len()) {
            return Ok(vec![own.clone()]);
        }
        let users: Vec<_> = self.packages.iter().filter(|found| found.uses_gesta).cloned().collect();
        if users.is_empty() {
            return Err(Failure::NotFound(format!(
                "no package of the workspace depends on gesta: {}",
                names()
            )));
        }
        Ok(users)
    }
}
