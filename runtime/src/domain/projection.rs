use std::fmt::Display;

use super::{IdKey, IndexKey};
use crate::codec::{DecodeError, EncodeError};

/// One document per key, folded from events. `#[projection]` writes this; how each type of event changes the
/// document is said by an [`Evolve`](super::Evolve) for it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "write `#[projection(key = .., version = 1)]` on the struct that is the document"
)]
pub trait Projection: Sized + Send + Sync + 'static {
    /// What a document is found by.
    type Key: ProjectionKey;
    /// Its name in the store.
    const NAME: &'static str;
    /// Grows when the documents are to be built anew. 1 for the first.
    const VERSION: u32;
    /// Whether documents change in the transaction of the append itself, instead of a little later.
    const INLINE: bool = false;
    /// The names of the indexes.
    const INDEXES: &'static [&'static str] = &[];
    /// What is said of it in the source; empty where nothing is.
    const DOC: &'static str = "";

    /// A document before its first event.
    fn initial() -> Self;

    /// Writes the document as JSON.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    fn encode(&self) -> Result<Vec<u8>, EncodeError>;

    /// Reads a document.
    ///
    /// # Errors
    /// When it is not what this version of the projection has written.
    fn decode(json: &[u8]) -> Result<Self, DecodeError>;

    /// The values that the document can be found by, in the order of [`Projection::INDEXES`].
    fn index_keys(&self) -> Vec<IndexKey> {
        Vec::new()
    }
}

/// What documents can be kept by: an id, or anything else that can be copied and compared and has one text for equal
/// values. Implemented for all that can.
#[diagnostic::on_unimplemented(
    message = "documents cannot be kept by a `{Self}`",
    label = "lacks `Display`, `Clone`, `Eq` or `Hash`",
    note = "write `#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]` on a newtype over `String`, `Uuid` or an integer"
)]
pub trait ProjectionKey: IdKey + Display {}

#[diagnostic::do_not_recommend]
impl<T: IdKey + Display> ProjectionKey for T {}

/// Which documents of a projection an event changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The one whose key is the id of the event's stream.
    Stream,
    /// Those with these keys, as texts: none for an event that does not matter.
    Documents(Vec<String>),
}

impl Route {
    /// No document at all.
    pub const fn nowhere() -> Self {
        Self::Documents(Vec::new())
    }

    /// The documents that a field of the event names: a key, an `Option` or a `Vec` of keys.
    ///
    /// ```
    /// # use gesta::domain::Route;
    /// assert_eq!(Route::to::<u64, _>(&7_u64), Route::Documents(vec!["7".into()]));
    /// assert_eq!(Route::to::<u64, Option<u64>>(&None), Route::nowhere());
    /// ```
    pub fn to<K, F: RouteField<K>>(field: &F) -> Self {
        Self::Documents(field.keys())
    }
}

/// A field of an event that names documents by keys of type `K`.
#[diagnostic::on_unimplemented(
    message = "the documents are kept by `{K}`, and this field is a `{Self}`",
    label = "expected `{K}`, `Option<{K}>` or `Vec<{K}>`"
)]
pub trait RouteField<K> {
    /// The texts of the keys.
    fn keys(&self) -> Vec<String>;
}

impl<K: ProjectionKey> RouteField<K> for K {
    fn keys(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl<K: ProjectionKey> RouteField<K> for Option<K> {
    fn keys(&self) -> Vec<String> {
        self.iter().map(K::to_string).collect()
    }
}

impl<K: ProjectionKey> RouteField<K> for Vec<K> {
    fn keys(&self) -> Vec<String> {
        self.iter().map(K::to_string).collect()
    }
}
