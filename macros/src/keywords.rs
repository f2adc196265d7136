//! Every word that our attributes understand.

/// `crate = path`: where the runtime is, in every macro.
pub(crate) const CRATE: &str = "crate";
/// `#[event]`.
pub(crate) const EVENT: &str = "event";
/// `name = ".."`: the name in the store.
pub(crate) const NAME: &str = "name";
/// `version = 2`: the version of what is stored.
pub(crate) const VERSION: &str = "version";
/// `from(V1, V2)`: the older payloads, oldest first.
pub(crate) const FROM: &str = "from";
