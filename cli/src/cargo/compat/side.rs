//! What is compared: a file, what git has of it, or a store.

use std::{fs, path::Path, process::Command, time::Duration};

use gesta::{
    admin::{Operations, StoreLock, StorePart},
    evolution::Lock,
};

use crate::shared::{Failure, Stages};

/// How long a store may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// One of two that are compared.
pub(super) enum Side {
    File(Lock),
    Store(StoreLock),
}

impl Side {
    /// A store if it is an address, a file if there is one, or else what git has of it.
    pub(super) async fn read(from: &str) -> Result<Self, Failure> {
        if Operations::is_address(from) {
            return in_store(from).await.map(Self::Store);
        }
        let text = if Path::new(from).is_file() {
            fs::read_to_string(from).map_err(|error| Failure::Other(format!("{from}: {error}")))?
        } else {
            in_git(from)?
        };
        text.parse().map(Self::File).map_err(|error| Failure::Other(format!("{from}: {error}")))
    }

    pub(super) fn store(&self) -> Option<&StoreLock> {
        match self {
            Self::File(_) => None,
            Self::Store(store) => Some(store),
        }
    }

    /// What of it is compared with another one.
    pub(super) fn beside(&self, other: &Self, all: bool) -> StorePart {
        match (self, other) {
            (Self::Store(store), Self::File(lock) | Self::Store(StoreLock { lock, .. })) => {
                store.beside(lock, all)
            }
            (Self::File(lock), _) => StorePart::of(lock.clone()),
        }
    }
}

async fn in_store(address: &str) -> Result<StoreLock, Failure> {
    let operations = Operations::open(address, Some(PATIENCE)).await?;
    let stages = Stages::new();
    let lock = operations.lock(|done, of| stages.at("counting events", done, of)).await;
    stages.end();
    Ok(lock?)
}

fn in_git(revision: &str) -> Result<String, Failure> {
    let file = if revision.contains(':') { revision.to_owned() } else { format!("{revision}:./gesta.lock") };
    let shown = Command::new("git").args(["show", "--end-of-options", &file]).output();
    let shown = shown.map_err(|error| Failure::Unavailable(format!("git cannot be started: {error}")))?;
    if shown.status.success() {
        return Ok(String::from_utf8_lossy(&shown.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&shown.stderr);
    Err(Failure::NotFound(format!(
        "`{revision}` is no file and no address of a store, and git has no gesta.lock of that commit here: {}",
        said.trim()
    )))
}
