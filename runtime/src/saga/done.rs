use serde::{Serialize, de::DeserializeOwned};

use super::AnyChild;
use crate::{
    codec::encode_json,
    domain::{AggregateId, CommandHandlers, CommandOf, Dispatch, HandlerFailure, Receipt, Schema},
    execute::Outgoing,
};

/// What a step has come to.
#[derive(Debug)]
#[non_exhaustive]
pub enum StepDone {
    /// A foreign step is done: its output as JSON.
    Output(Vec<u8>),
    /// A command is to be sent; the output is its receipt.
    Send(Outgoing),
    /// A command is to be sent, or none; the output is an `Option` of its receipt.
    SendSome(Option<Outgoing>),
    /// Several commands are to be sent; the output is the list of their receipts.
    SendAll(Vec<Outgoing>),
    /// Another saga is to be started and waited for.
    Start(Box<AnyChild>),
    /// Other sagas are to be started, and all of them waited for.
    StartAll(Vec<AnyChild>),
}

/// What can be kept as the output of a step. Implemented for everything that can be.
#[diagnostic::on_unimplemented(
    message = "the output `{Self}` of a saga step cannot be stored",
    label = "step outputs survive a restart, so they must be storable",
    note = "write `#[derive(Serialize, Deserialize, Schema)]` on `{Self}`"
)]
pub trait Durable: Serialize + DeserializeOwned + Schema + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Schema + Send + Sync + 'static> Durable for T {}

/// What a command step may return.
#[diagnostic::on_unimplemented(
    message = "a command step cannot return `{Self}`",
    label = "expected `Dispatch<Id, Command>`, `Option` or `Vec` of it, `Child<Saga>` or `Vec` of it",
    note = "a step that calls something outside is `async` and returns `Result<Output, Error>`"
)]
pub trait IntoStep {
    /// What later steps get of it.
    type Output: Durable;

    /// What is to be sent.
    fn into_step(self) -> StepDone;
}

impl<I, C> IntoStep for Dispatch<I, C>
where
    I: AggregateId,
    I::Aggregate: CommandHandlers,
    C: CommandOf<I::Aggregate>,
{
    type Output = Receipt;

    fn into_step(self) -> StepDone {
        StepDone::Send(Outgoing::new(self))
    }
}

impl<I, C> IntoStep for Option<Dispatch<I, C>>
where
    I: AggregateId,
    I::Aggregate: CommandHandlers,
    C: CommandOf<I::Aggregate>,
{
    type Output = Option<Receipt>;

    fn into_step(self) -> StepDone {
        StepDone::SendSome(self.map(Outgoing::new))
    }
}

impl<I, C> IntoStep for Vec<Dispatch<I, C>>
where
    I: AggregateId,
    I::Aggregate: CommandHandlers,
    C: CommandOf<I::Aggregate>,
{
    type Output = Vec<Receipt>;

    fn into_step(self) -> StepDone {
        StepDone::SendAll(self.into_iter().map(Outgoing::new).collect())
    }
}

impl StepDone {
    /// The output of a foreign step.
    ///
    /// # Errors
    /// When it cannot be written as JSON: permanent.
    pub fn output<T: Durable>(output: &T) -> Result<Self, HandlerFailure> {
        let mut json = Vec::new();
        encode_json(output, &mut json).map_err(HandlerFailure::permanent)?;
        Ok(Self::Output(json))
    }
}
