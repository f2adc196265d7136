use std::{io, path::Path};

use gesta::domain::{Classify, FailureClass};

/// Why a plugin is not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The registry does not have it.
    #[error("the registry has no plugin `{plugin}`")]
    Unknown {
        /// Which.
        plugin: String,
    },
    /// Its dependencies go round in a circle.
    #[error("it needs itself: {}", circle.join(" needs "))]
    NeedsItself {
        /// From the plugin to itself.
        circle: Vec<String>,
    },
    /// Another request has installed it.
    #[error("`{plugin}` is installed already, by the request {by}")]
    Installed {
        /// Which plugin.
        plugin: String,
        /// Which request.
        by: String,
    },
    /// What has come is not what the registry speaks of.
    #[error("`{plugin}` is damaged: its checksum is {found} and should be {expected}")]
    Damaged {
        /// Which plugin.
        plugin: String,
        /// What the registry says.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Another plugin is where this one wants to be.
    #[error("the hook `{hook}` is taken by `{by}`")]
    HookTaken {
        /// Which hook.
        hook: String,
        /// Which plugin.
        by: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl InstallError {
    /// For `map_err`: it has happened at this path.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { path, source }
    }
}

/// Only what may be otherwise the next time is tried again.
impl Classify for InstallError {
    fn class(&self) -> FailureClass {
        match self {
            Self::Damaged { .. } | Self::File { .. } => FailureClass::Retryable,
            _ => FailureClass::Permanent,
        }
    }
}
