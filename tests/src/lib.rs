//! What the tests of this folder share.

mod altered;
mod appends;
pub mod clearing;
pub mod clockwork;
pub mod crates;
mod database;
mod fault;
mod folder;
mod follower;
mod late_intents;
pub mod library;
pub mod post;
mod proxy;
mod server;
mod shaky;
mod stores;
pub mod tills;
mod torn;
pub mod transfers;
mod unfenced;
mod unfenced_sagas;

pub use altered::{Alteration, Altered};
pub use appends::{Dice, append, keyed, one, payloads, stream};
pub use database::{Database, Kind};
pub use fault::{Deed, Fault, Faulty, Side};
pub use folder::Folder;
pub use follower::{Follower, Following};
pub use late_intents::LateIntents;
pub use proxy::Proxy;
pub use server::Server;
pub use shaky::{Belated, Omission, Shaky};
pub use stores::Place;
pub use torn::{First, Torn};
pub use unfenced::Unfenced;
pub use unfenced_sagas::UnfencedSagas;
