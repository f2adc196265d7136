//! How stored shapes change: what was recorded of them, and who can read what whom has written.
//!
//! [`Lock`] is the file `gesta.lock` of a domain's package, and [`Golden`] the file `gesta.golden` beside it: every
//! version of every event that was ever released, with its shape and a payload as a sample. [`OwnedShape`] is a shape
//! read back from its text, [`changes`] says what is different between two, and [`compatibility`] what that means for
//! the events of two locks. Nothing here reads a file or a store: texts come in, and texts go out.

mod change;
mod compatibility;
mod difference;
mod golden;
mod lock;
mod lock_text;
mod read;
mod sample;
mod scalar;
mod shape;

pub use change::{Change, ChangeKind, changes, reads};
pub use compatibility::{Compatibility, CompatibilityReport, Reason, compatibility};
pub use difference::{Difference, DifferenceKind, Merged};
pub use golden::{Golden, GoldenError};
pub use lock::{Lock, LockEntry, LockKey};
pub use lock_text::LockError;
pub use read::ShapeError;
pub use sample::sample;
pub use shape::{OwnedField, OwnedShape, OwnedVariant};
