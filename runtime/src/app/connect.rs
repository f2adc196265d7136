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

async fn sqlite(_: &str) -> Result<Store, ConnectError> {
    Err(ConnectError::FeatureMissing { scheme: "sqlite".into(), feature: "sqlite" })
}

async fn postgres(_: &str) -> Result<Store, ConnectError> {
    Err(ConnectError::FeatureMissing { scheme: "postgres".into(), feature: "postgres" })
}
