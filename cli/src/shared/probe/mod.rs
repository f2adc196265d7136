//! Asks a compiled domain. `gesta::domain!` writes a test that answers (see [`gesta::admin::probe`]): so the tests of the
//! package are compiled, and that one is run with the request as an argument.

mod build;
mod compiled;
mod workspace;

use std::path::PathBuf;

use gesta::model::Model;

use super::Failure;
use crate::cargo::Which;
use build::{Executable, Targets};
pub use compiled::CompiledDomain;
pub use workspace::Package;
use workspace::Workspace;

/// Where a domain is to be found.
#[derive(Clone, Debug, Default)]
pub struct Probe {
    /// The `Cargo.toml` of the package or workspace; that of the folder unless given.
    pub manifest_path: Option<String>,
    /// The package; the one of the folder unless given, and all that use gesta in a workspace without one.
    pub package: Option<String>,
    /// The domain, its target, and how it is built.
    pub which: Which,
}

impl Probe {
    /// Compiles and finds the domain: in the library first, then in the programs, or in the named example or test.
    ///
    /// # Errors
    /// When there is no workspace, package or domain, when it does not compile, or when there are several domains and
    /// none is chosen.
    pub fn find(&self) -> Result<CompiledDomain, Failure> {
        let packages = self.packages()?;
        let mut found = Vec::new();
        for targets in self.targets(&packages) {
            for executable in build::tests(self, &packages, &targets)? {
                found.extend(domains_in(&executable)?);
            }
            if found.iter().any(|domain| self.is_wanted(domain)) {
                break;
            }
        }
        self.choose(found, &packages)
    }

    /// Compiles and finds every domain in the libraries and the programs of the packages, or in the named example or
    /// test; only those of one name where one is chosen.
    ///
    /// # Errors
    /// When there is no workspace, package or domain, or when it does not compile.
    pub fn find_all(&self) -> Result<Vec<CompiledDomain>, Failure> {
        let packages = self.packages()?;
        let mut found = Vec::new();
        for targets in self.targets(&packages) {
            for executable in build::tests(self, &packages, &targets)? {
                found.extend(domains_in(&executable)?.into_iter().filter(|domain| self.is_wanted(domain)));
            }
        }
        if found.is_empty() { Err(none(&packages)) } else { Ok(found) }
    }

    /// Every package of the workspace.
    ///
    /// # Errors
    /// When there is none.
    pub fn workspace(&self) -> Result<Vec<Package>, Failure> {
        Ok(Workspace::read(self.manifest_path.as_deref())?.all())
    }

    /// The model of the domain.
    ///
    /// # Errors
    /// When the domain is not found, or cannot tell.
    pub fn model(&self) -> Result<Model, Failure> {
        self.find()?.model()
    }

    /// The packages that may have the domain.
    ///
    /// # Errors
    /// When there is no workspace, or no such package in it.
    pub fn packages(&self) -> Result<Vec<Package>, Failure> {
        Workspace::read(self.manifest_path.as_deref())?.chosen(self.package.as_deref())
    }

    /// What is compiled, one after the other, until there is a domain.
    fn targets(&self, packages: &[Package]) -> Vec<Targets> {
        if let Some(example) = &self.which.example {
            return vec![Targets::Example(example.clone())];
        }
        if let Some(test) = &self.which.test {
            return vec![Targets::Test(test.clone())];
        }
        let mut targets = Vec::new();
        if packages.iter().any(|package| package.has_lib) {
            targets.push(Targets::Lib);
        }
        if packages.iter().any(|package| package.has_bins) {
            targets.push(Targets::Bins);
        }
        targets
    }

    fn is_wanted(&self, domain: &CompiledDomain) -> bool {
        self.which.domain.as_ref().is_none_or(|wanted| *wanted == domain.name)
    }

    fn choose(&self, found: Vec<CompiledDomain>, packages: &[Package]) -> Result<CompiledDomain, Failure> {
        let names: Vec<String> = found.iter().map(|domain| domain.to_string()).collect();
        let mut wanted: Vec<_> = found.into_iter().filter(|domain| self.is_wanted(domain)).collect();
        match (wanted.len(), names.is_empty()) {
            (1, _) => wanted.pop().ok_or_else(|| none(packages)),
            (0, true) => Err(none(packages)),
            (0, false) => {
                let domain = self.which.domain.as_deref().unwrap_or_default();
                Err(Failure::NotFound(format!(
                    "there is no domain `{domain}`; there is {}",
                    names.join(", ")
                )))
            }
            _ => Err(Failure::Usage(format!(
                "there are several domains: {}; say which: --domain NAME, and --package NAME where they are called the \
                 same",
                names.join(", ")
            ))),
        }
    }
}

fn none(packages: &[Package]) -> Failure {
    let names: Vec<_> = packages.iter().map(|package| format!("`{}`", package.name)).collect();
    Failure::NotFound(format!(
        "no `gesta::domain!` is in the library or the programs of {}; if it is in an example or a test, say --example \
         NAME or --test NAME; if it is behind a feature, --features NAME; it is not seen in a target with `harness = \
         false`, nor inside of a function",
        names.join(", ")
    ))
}

fn domains_in(executable: &Executable) -> Result<Vec<CompiledDomain>, Failure> {
    let tests = compiled::probes(&executable.path)?;
    let domain = |test: String| CompiledDomain::new(test, executable);
    Ok(tests.into_iter().map(domain).collect())
}

/// A program that is called, and what was said to it.
pub(super) fn not_started(program: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::Unavailable(format!("{} cannot be started: {error}", program.display()))
}

/// The `cargo` that called this program, or that of the path.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
