use std::time::Duration;

use crate::store::{ConnectError, Memory, Store};

/// Opens the store at an address: `memory:`, `sqlite:bank.db`, `sqlite::memory:` or `postgres://..`.
///
/// # Errors
/// [`ConnectError::UnknownUrl`] and [`ConnectError::FeatureMissing`] for an address that this program cannot open;
/// otherwise what the adapter says.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gesta::store::ConnectError> {
/// let store = gesta::connect("memory:").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
pub async fn connect(url: &str) -> Result<Store, ConnectError> {
    Opening::default().open(url).await
}

/// What the addresses of stores begin with, whether this program can open them or not.
const SCHEMES: [&str; 4] = ["memory", "sqlite", "postgres", "postgresql"];

/// Whether a text is the address of a store.
pub(crate) fn is_address(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| SCHEMES.contains(&scheme))
}

/// How a store is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    /// Only what is there, of the version that this program knows: nothing is made.
    pub(crate) existing: bool,
    /// How long the database may be silent.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "only a server can be silent"))]
    pub(crate) patience: Option<Duration>,
}

impl Opening {
    pub(crate) async fn open(self, url: &str) -> Result<Store, ConnectError> {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        if self.existing && ["memory:", "sqlite::memory:"].contains(&url) {
            let reason = "it is gone with the program that has made it".to_owned();
            return Err(ConnectError::Missing { target: format!("`{url}`"), reason });
        }
        match scheme {
            "memory" => Ok(Memory::new().into()),
            "sqlite" => self.sqlite(rest).await,
            "postgres" | "postgresql" => self.postgres(url).await,
            _ => Err(ConnectError::UnknownUrl { url: without_password(url) }),
        }
    }

    /// `path`, `//path` or `:memory:`. A `?` would begin parameters, of which there are none, and is no part of a path.
    #[cfg(feature = "sqlite")]
    async fn sqlite(self, rest: &str) -> Result<Store, ConnectError> {
        use crate::store::SqliteOptions;
        let mut options = SqliteOptions::new();
        if self.existing {
            options = options.existing();
        }
        if let Some(patience) = self.patience {
            options = options.busy_timeout(patience);
        }
        let path = rest.strip_prefix("//").unwrap_or(rest);
        match path {
            ":memory:" => Ok(options.in_memory().await?.into()),
            _ if path.is_empty() || path.contains('?') => {
                Err(ConnectError::UnknownUrl { url: format!("sqlite:{rest}") })
            }
            _ => Ok(options.open(path).await?.into()),
        }
    }

    #[cfg(not(feature = "sqlite"))]
    async fn sqlite(self, _: &str) -> Result<Store, ConnectError> {
        Err(ConnectError::FeatureMissing { scheme: "sqlite".into(), feature: "sqlite" })
    }

    #[cfg(feature = "postgres")]
    async fn postgres(self, url: &str) -> Result<Store, ConnectError> {
        let mut options = crate::store::Postgres::options();
        if self.existing {
            options = options.existing();
        }
        if let Some(patience) = self.patience {
            options = options.timeout(patience);
        }
        Ok(options.connect(url).await?.into())
    }

    #[cfg(not(feature = "postgres"))]
    async fn postgres(self, _: &str) -> Result<Store, ConnectError> {
        Err(ConnectError::FeatureMissing { scheme: "postgres".into(), feature: "postgres" })
    }
}

fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(start), Some(end)) if start + 3 < end => format!("{}://..{}", &url[..start], &url[end..]),
        _ => url.to_owned(),
    }
}
