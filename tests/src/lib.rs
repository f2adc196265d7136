//! What the tests of this folder share.

mod altered;
mod appends;
mod database;
mod folder;
mod follower;
pub mod post;
mod proxy;
mod server;
mod stores;
pub mod tills;
mod torn;
mod unfenced;

pub use altered::Altered;
pub use appends::{Dice, append, keyed, one, payloads, stream};
pub use database::{Database, Kind};
pub use folder::Folder;
pub use follower::{Follower, Following};
pub use proxy::Proxy;
pub use server::Server;
pub use stores::Place;
pub use torn::{First, Torn};
pub use unfenced::Unfenced;
