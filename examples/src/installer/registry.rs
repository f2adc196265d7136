use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tokio::fs;

use super::InstallError;

/// Where plugins come from: a folder with one for each of them, with a `manifest.json` and the `code`.
#[derive(Clone, Debug)]
pub struct Registry(PathBuf);

/// What the registry says of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What its code must add up to.
    pub checksum: String,
    /// The other plugins that it needs.
    pub needs: Vec<String>,
    /// Where it hangs itself into a site.
    pub hooks: Vec<String>,
}

impl Registry {
    /// That in a folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The one that comes with the examples.
    pub fn sample() -> Self {
        Self::at(concat!(env!("CARGO_MANIFEST_DIR"), "/installer/registry"))
    }

    /// What it says of a plugin.
    ///
    /// # Errors
    /// [`InstallError::Unknown`], [`InstallError::File`].
    pub async fn manifest(&self, plugin: &str) -> Result<Manifest, InstallError> {
        let path = self.0.join(plugin).join("manifest.json");
        let json = fs::read(&path).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => InstallError::Unknown { plugin: plugin.to_owned() },
            _ => InstallError::at(&path)(error),
        })?;
        serde_json::from_slice(&json).map_err(io::Error::from).map_err(InstallError::at(&path))
    }

    /// Where the code of a plugin is.
    pub fn code(&self, plugin: &str) -> PathBuf {
        self.0.join(plugin).join("code")
    }

    /// What it says of a plugin, and everything that it needs, each behind what that needs itself.
    ///
    /// # Errors
    /// [`InstallError::Unknown`], [`InstallError::NeedsItself`], [`InstallError::File`].
    pub async fn resolve(&self, plugin: &str) -> Result<(Manifest, Vec<String>), InstallError> {
        let (mut order, manifest) = (Vec::new(), self.manifest(plugin).await?);
        // Each plugin on the way down, with those of its needs that are still to be looked at.
        let mut way = vec![(manifest.clone(), manifest.needs.clone())];
        while let Some((at, open)) = way.last_mut() {
            let Some(next) = open.pop() else {
                order.push(at.name.clone());
                way.pop();
                continue;
            };
            if order.contains(&next) {
                continue;
            }
            let names = way.iter().map(|(manifest, _)| manifest.name.clone());
            let circle: Vec<String> = names.skip_while(|name| *name != next).chain([next.clone()]).collect();
            if circle.len() > 1 {
                return Err(InstallError::NeedsItself { circle });
            }
            let found = self.manifest(&next).await?;
            way.push((found.clone(), found.needs));
        }
        // The last one is the plugin itself.
        order.pop();
        Ok((manifest, order))
    }
}

/// What bytes add up to (FNV-1a, 64 bits): it finds damage, and no malice.
pub fn checksum(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{sum:016x}")
}

/// Reads a file, and what it adds up to.
pub(super) async fn read(path: &Path) -> Result<(Vec<u8>, String), InstallError> {
    let bytes = fs::read(path).await.map_err(InstallError::at(path))?;
    let sum = checksum(&bytes);
    Ok((bytes, sum))
}
