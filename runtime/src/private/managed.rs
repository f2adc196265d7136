//! What `#[process_manager]` calls.

use serde::{Serialize, de::DeserializeOwned};

use super::{Json, id_in};
use crate::{
    codec::{DecodeError, EncodeError, decode_json, encode_json},
    domain::{Aggregate, EventOf, HandlerFailure, Route, RouteField},
    process_manager::{Input, IntoReactions, ProcessManager, Reaction},
};

/// The state of a process manager, which serde can write and read.
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` of a process manager cannot be stored",
    label = "it is kept from event to event, so serde must write and read it",
    note = "write `#[derive(Default, Serialize, Deserialize)]` on `{Self}`"
)]
pub trait ProcessState: Sized {
    /// Writes the state.
    fn to_json(&self) -> Result<Vec<u8>, EncodeError>;
    /// Reads a state that was written.
    fn from_json(json: &[u8]) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> ProcessState for T {
    fn to_json(&self) -> Result<Vec<u8>, EncodeError> {
        let mut json = Vec::new();
        encode_json(self, &mut json)?;
        Ok(json)
    }

    fn from_json(json: &[u8]) -> Result<Self, DecodeError> {
        decode_json(json)
    }
}

/// How the state is written and read: both from one call, so that what serde lacks is one mistake.
pub const fn process_json<P: ProcessState>() -> Json<P> {
    Json { encode: P::to_json, decode: P::from_json }
}

/// The id of the stream that an event of type `E` comes from.
///
/// # Errors
/// When the stream's id is not one of the aggregate's.
pub fn input_id<P: ProcessManager, E: EventOf>(
    input: &Input<'_, P>,
) -> Result<<E::Aggregate as Aggregate>::Id, HandlerFailure> {
    id_in::<E>(input.category, input.id)
}

/// How what a method returns is put on the list of reactions.
pub const fn reactions<R: IntoReactions<P>, P>() -> fn(R, &mut Vec<Reaction<P>>) {
    R::into_reactions
}

/// A field of an event that names instances by keys of type `K`.
#[diagnostic::on_unimplemented(
    message = "the instances are found by `{K}`, and this field is a `{Self}`",
    label = "expected `{K}`, `Option<{K}>` or `Vec<{K}>`"
)]
pub trait InstanceField<K> {
    /// The instances.
    fn instances(&self) -> Route;
}

#[diagnostic::do_not_recommend]
impl<K, F: RouteField<K>> InstanceField<K> for F {
    fn instances(&self) -> Route {
        Route::to::<K, F>(self)
    }
}

/// The instances that a field names.
pub fn instances<P: ProcessManager, F: InstanceField<P::Key>>(field: &F) -> Route {
    field.instances()
}

/// The id of a stream that is what instances are found by.
#[diagnostic::on_unimplemented(
    message = "these events come from streams of `{Self}`, and the instances are found by `{K}`",
    label = "the key is not the id of these streams",
    note = "pick the field that names the instance: `#[on(.., by = field)]`"
)]
pub trait IsInstance<K> {}

impl<K> IsInstance<K> for K {}

/// Asks that the key is the id of the streams that the events come from.
pub const fn is_instance<P: ProcessManager, E: EventOf>()
where
    <E::Aggregate as Aggregate>::Id: IsInstance<P::Key>,
{
}
