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
/// `#[schema(..)]`, beside `#[derive(Schema)]` and in events.
pub(crate) const SCHEMA: &str = "schema";
/// `as = Type`: stored in the form of another type.
pub(crate) const AS: &str = "as";
/// `recursive`: a field that leads back to the type that it is in.
pub(crate) const RECURSIVE: &str = "recursive";
/// `#[id(..)]`, beside `#[derive(Id)]`.
pub(crate) const ID: &str = "id";
/// `#[provide(..)]`, beside `#[derive(Provide)]`.
pub(crate) const PROVIDE: &str = "provide";
/// `skip`: not for handlers.
pub(crate) const SKIP: &str = "skip";
