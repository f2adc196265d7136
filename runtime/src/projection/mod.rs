//! Documents folded from events, kept by the store beside how far they have come.

mod folds;

pub use folds::Folds;
