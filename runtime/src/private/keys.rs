//! What `#[apply]` calls where the state is a document.

use std::marker::PhantomData;

use crate::domain::{
    Aggregate, EventOf, Projection, ProjectionKey, Route, RouteField, refuse_document_with_states,
    refuse_inline_by,
};

/// What `by` and `delete` are for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection, and `by` and `delete` pick and end the documents of one",
    label = "`{Self}` keeps no documents",
    note = "leave it out: the state of an aggregate changes by the events of its own stream"
)]
pub trait KeepsDocuments {
    /// What they are found by.
    type Key: ProjectionKey;
}

#[diagnostic::do_not_recommend]
impl<P: Projection> KeepsDocuments for P {
    type Key = P::Key;
}

/// Asks for documents.
pub const fn keeps_documents<P: KeepsDocuments>() {}

/// The documents that a field names.
pub fn route<P: KeepsDocuments, F: RouteField<P::Key>>(field: &F) -> Route {
    Route::to::<P::Key, F>(field)
}

/// Refuses a projection that is inline, for one whose documents are picked by a field.
pub const fn refuse_inline(inline: bool, source: &str) {
    if inline {
        refuse_inline_by(source)
    }
}

/// Refuses a projection whose methods make first states, or are for some states only.
pub const fn refuse_states(is_projection: bool, source: &str) {
    if is_projection {
        refuse_document_with_states(source)
    }
}

/// The id of a stream that is what documents are kept by.
#[diagnostic::on_unimplemented(
    message = "these events come from streams of `{Self}`, and the documents are kept by `{K}`",
    label = "the key is not the id of these streams",
    note = "pick the field that names the document: `#[apply(.., by = field)]`"
)]
pub trait IsKey<K> {}

impl<K> IsKey<K> for K {}

/// Asks of a projection that its key is the id of the streams that the events come from.
#[derive(Debug)]
pub struct KeyProbe<P, E>(PhantomData<(P, E)>);

impl<P: Projection, E: EventOf> KeyProbe<P, E> {
    /// Asks.
    pub fn check()
    where
        <E::Aggregate as Aggregate>::Id: IsKey<P::Key>,
    {
    }
}

/// The answer for all other states.
pub trait NoKey {
    /// There is nothing to ask.
    fn check() {}
}

impl<P, E> NoKey for KeyProbe<P, E> {}
