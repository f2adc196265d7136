//! What `#[saga]` calls.

use std::{error::Error, fmt};

use serde::{Serialize, de::DeserializeOwned};

use super::Json;
use crate::{
    codec::{DecodeError, EncodeError, decode_json, encode_json},
    domain::{FailureClass, HandlerFailure, Shape},
    saga::{Durable, IntoStep, Saga, StepCall, StepDone},
};

/// What a foreign step returns.
#[diagnostic::on_unimplemented(
    message = "a step that calls something outside cannot return `{Self}`",
    label = "expected `Result<Output, Error>`",
    note = "`std::convert::Infallible` is the error of a step that never fails"
)]
pub trait Stepped {
    /// What later steps get of it.
    type Output;
    /// Why it has failed.
    type Error;
    /// This, as a result.
    fn stepped(self) -> Result<Self::Output, Self::Error>;
}

impl<T, E> Stepped for Result<T, E> {
    type Output = T;
    type Error = E;
    fn stepped(self) -> Self {
        self
    }
}

/// What the probe of a step with the output `T` returns.
#[diagnostic::on_unimplemented(
    message = "the probe of a step that comes to a `{T}` cannot return `{Self}`",
    label = "expected `Result<Option<{T}>, Error>`",
    note = "it asks the far side what became of an attempt: the output, or `None` if it has not happened and will not"
)]
pub trait Probed<T> {
    /// Why it is not known.
    type Error;
    /// This, as a result.
    fn probed(self) -> Result<Option<T>, Self::Error>;
}

impl<T, E> Probed<T> for Result<Option<T>, E> {
    type Error = E;
    fn probed(self) -> Self {
        self
    }
}

/// What a foreign step fails with.
#[diagnostic::on_unimplemented(
    message = "a step cannot fail with `{Self}`",
    label = "not an error that can be kept with the saga",
    note = "implement `std::error::Error` for it, such as by `#[derive(Debug, thiserror::Error)]`"
)]
pub trait StepError {
    /// As an error of any kind.
    fn boxed(self) -> Box<dyn Error + Send + Sync>;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Box<dyn Error + Send + Sync>>> StepError for T {
    fn boxed(self) -> Box<dyn Error + Send + Sync> {
        self.into()
    }
}

/// The failure of a step.
pub fn step_failed<E: StepError>(error: E, class: FailureClass) -> HandlerFailure {
    HandlerFailure { class, error: error.boxed() }
}

/// A saga's definition is asked for a step that it does not have.
pub fn no_such_step(saga: &str, step: usize) -> HandlerFailure {
    HandlerFailure::permanent(format!(
        "the saga `{saga}` is asked for its step number {step}, which it does not have; was it started by another version \
         of the program?"
    ))
}

/// What a function that starts a saga returns.
#[diagnostic::on_unimplemented(
    message = "a `{S}` cannot be started with `{Self}`",
    label = "expected `{S}` or `Option<{S}>`"
)]
pub trait Made<S> {
    /// The saga, if one is to be started.
    fn made(self) -> Option<S>;
}

impl<S: Saga> Made<S> for S {
    fn made(self) -> Option<S> {
        Some(self)
    }
}

impl<S: Saga> Made<S> for Option<S> {
    fn made(self) -> Option<S> {
        self
    }
}

/// Reads the output of a step by its place.
type Read<T> = fn(&StepCall<'_>, usize) -> Result<T, HandlerFailure>;

/// The output of a foreign step: its shape, and how it is written and read.
pub struct Output<T> {
    /// Its shape.
    pub shape: &'static Shape,
    /// Writes it.
    pub done: fn(&T) -> Result<StepDone, HandlerFailure>,
    /// Reads it.
    pub read: Read<T>,
}

/// All of it from one call, so that what a type lacks is one mistake.
pub const fn durable<T: Durable>() -> Output<T> {
    Output { shape: T::SHAPE, done: StepDone::output::<T>, read: output::<T> }
}

/// What a command step has decided to send.
pub const fn command<R: IntoStep>() -> fn(R) -> StepDone {
    R::into_step
}

/// Reads the output of a step by its place.
///
/// # Errors
/// When it is not there or of another type.
pub fn output<T: Durable>(call: &StepCall<'_>, step: usize) -> Result<T, HandlerFailure> {
    call.output(step)
}

impl<T> fmt::Debug for Output<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// The data of a saga, which serde can write and read.
#[diagnostic::on_unimplemented(
    message = "the saga `{Self}` cannot be stored",
    label = "a saga survives a restart, so serde must write and read its data",
    note = "write `#[derive(Serialize, Deserialize)]` on `{Self}`"
)]
pub trait SagaData: Sized {
    /// Writes the data.
    fn to_json(&self) -> Result<Vec<u8>, EncodeError>;
    /// Reads data that was written.
    fn from_json(json: &[u8]) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> SagaData for T {
    fn to_json(&self) -> Result<Vec<u8>, EncodeError> {
        let mut json = Vec::new();
        encode_json(self, &mut json)?;
        Ok(json)
    }

    fn from_json(json: &[u8]) -> Result<Self, DecodeError> {
        decode_json(json)
    }
}

/// How the data is written and read: both from one call, so that what serde lacks is one mistake.
pub const fn saga_json<S: SagaData>() -> Json<S> {
    Json { encode: S::to_json, decode: S::from_json }
}

/// The data of an earlier version of a saga, as a later one has it.
///
/// # Errors
/// When it is not what that version has written.
pub fn migrated<Old, New>(data: &[u8]) -> Result<New, DecodeError>
where
    Old: DeserializeOwned,
    New: From<Old>,
{
    decode_json::<Old>(data).map(New::from)
}
