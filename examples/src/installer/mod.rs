//! Installs plugins on a site: several things are done to its files, all of them or none.

mod error;
mod registry;
mod site;

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

pub use error::InstallError;
pub use registry::{Manifest, Registry, checksum};
pub use site::Site;

/// An installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Install {
    /// What is to be installed.
    pub plugin: String,
    /// Which request asks for it: what it puts on the site belongs to this one, and to no other.
    pub request: String,
}

/// What is to be installed, as the first step has found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Plan {
    /// Its version.
    pub version: String,
    /// All other plugins that it needs, and those that they need, each behind what it needs itself.
    pub needs: Vec<String>,
}

/// A file that has come whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Package {
    /// The bytes.
    pub size: u64,
    /// Their checksum.
    pub checksum: String,
}

/// Every step works on files, which no transaction covers. So each of them can be done again where it was broken off, and
/// each has something that undoes it, also where it was done half or not at all.
#[saga(version = 1)]
impl Install {
    /// Makes a place for the plugin, when the registry has it and everything that it needs.
    #[step(compensate = clean_up, attempts = 3, timeout = "10s", backoff = exponential("50ms"))]
    async fn validate(&self, registry: &Registry, site: &Site) -> Result<Plan, InstallError> {
        let (manifest, needs) = registry.resolve(&self.plugin).await?;
        site.reserve(&self.request, &manifest).await?;
        Ok(Plan { version: manifest.version, needs })
    }

    #[compensation(timeout = "10s", backoff = exponential("50ms"))]
    async fn clean_up(&self, site: &Site) -> Result<(), InstallError> {
        site.give_back(&self.request, &self.plugin).await
    }

    /// Copies the code. A damaged copy is tried again, and after five attempts given up.
    #[step(compensate = delete, attempts = 5, timeout = "1m", backoff = exponential("50ms"))]
    async fn download(&self, registry: &Registry, site: &Site) -> Result<Package, InstallError> {
        let manifest = registry.manifest(&self.plugin).await?;
        site.download(&manifest, &registry.code(&self.plugin)).await
    }

    #[compensation(timeout = "10s", backoff = exponential("50ms"))]
    async fn delete(&self, site: &Site) -> Result<(), InstallError> {
        site.delete(&self.plugin).await
    }

    /// Puts beside it every other plugin that it needs, and notes who needs it: they are shared.
    #[step(compensate = uninstall, attempts = 3, timeout = "1m", backoff = exponential("50ms"))]
    async fn install_dependencies(
        &self,
        validate: &Plan,
        registry: &Registry,
        site: &Site,
    ) -> Result<(), InstallError> {
        for library in &validate.needs {
            site.add_library(library, &registry.code(library), &self.plugin).await?;
        }
        Ok(())
    }

    /// Removes those that nobody else needs.
    #[compensation(timeout = "10s", backoff = exponential("50ms"))]
    async fn uninstall(&self, validate: &Plan, site: &Site) -> Result<(), InstallError> {
        for library in validate.needs.iter().rev() {
            site.drop_library(library, &self.plugin).await?;
        }
        Ok(())
    }

    /// Hangs the plugin into the hooks of the site, each of which has room for one.
    #[step(compensate = deactivate, attempts = 3, timeout = "10s", backoff = exponential("50ms"))]
    async fn activate(
        &self,
        download: &Package,
        registry: &Registry,
        site: &Site,
    ) -> Result<(), InstallError> {
        let manifest = registry.manifest(&self.plugin).await?;
        site.activate(&manifest, &download.checksum).await
    }

    #[compensation(timeout = "10s", backoff = exponential("50ms"))]
    async fn deactivate(&self, site: &Site) -> Result<(), InstallError> {
        site.deactivate(&self.plugin).await
    }
}

gesta::domain! {
    pub Installer {
        deps: Deps,
        sagas: [Install],
    }
}

/// What the steps work on.
#[derive(Clone, Debug, Provide)]
pub struct Deps {
    /// Where plugins come from.
    pub registry: Registry,
    /// Where they go to.
    pub site: Site,
}
