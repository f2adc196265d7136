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
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    match scheme {
        "memory" => Ok(Memory::new().into()),
        "sqlite" => sqlite(rest).await,
        "postgres" | "postgresql" => postgres(url).await,
        _ => Err(ConnectError::UnknownUrl { url: without_password(url) }),
    }
}

fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(start), Some(end)) if start + 3 < end => format!("{}://..{}", &url[..start], &url[end..]),
        _ => url.to_owned(),
    }
}

/// `path`, `//path` or `:memory:`. A `?` would begin parameters, of which there are none, and is no part of a path.
#[cfg(feature = "sqlite")]
async fn sqlite(rest: &str) -> Result<Store, ConnectError> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    match path {
        ":memory:" => Ok(crate::store::Sqlite::in_memory().await?.into()),
        _ if path.is_empty() || path.contains('?') => {
            Err(ConnectError::UnknownUrl { url: format!("sqlite:{rest}") })
        }
        _ => Ok(crate::store::Sqlite::open(path).await?.into()),
    }
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_: &str) -> Result<Store, ConnectError> {
    Err(ConnectError::FeatureMissing { scheme: "sqlite".into(), feature: "sqlite" })
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Store, ConnectError> {
    Ok(crate::store::Postgres::connect(url).await?.into())
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str) -> Result<Store, ConnectError> {
    Err(ConnectError::FeatureMissing { scheme: "postgres".into(), feature: "postgres" })
}
