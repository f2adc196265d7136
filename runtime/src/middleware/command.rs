use std::{any::Any, fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{Middleware, Refusal};
use crate::{
    domain::{IdempotencyKey, Meta, Receipt},
    store::StreamId,
};

/// A command on its way to its aggregate.
pub struct CommandCall {
    command: Option<Box<dyn Any + Send>>,
    command_type: &'static str,
    stream: StreamId,
    creates: bool,
    key: Option<IdempotencyKey>,
    meta: Meta,
}

impl CommandCall {
    pub(crate) fn new<C: Any + Send>(
        command: C,
        stream: StreamId,
        creates: bool,
        key: Option<IdempotencyKey>,
        meta: Meta,
    ) -> Self {
        let command_type = std::any::type_name::<C>();
        Self { command: Some(Box::new(command)), command_type, stream, creates, key, meta }
    }

    /// The command, if it is of this type and has not been handed to its handler yet.
    pub fn command<C: Any>(&self) -> Option<&C> {
        self.command.as_ref().and_then(|command| command.downcast_ref())
    }

    /// Tells types of command apart; none once it was handed over.
    #[cfg(feature = "jsonschema")]
    pub(super) fn type_id_of_command(&self) -> Option<std::any::TypeId> {
        self.command.as_deref().map(Any::type_id)
    }

    /// The command's type with its path, as the compiler writes it: `bank::Deposit`.
    pub fn command_type(&self) -> &'static str {
        self.command_type
    }

    /// The command's type without its path: `Deposit`.
    pub fn command_name(&self) -> &'static str {
        short_name(self.command_type)
    }

    /// The stream of the aggregate that is to decide.
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// Whether the command creates the aggregate.
    pub fn creates(&self) -> bool {
        self.creates
    }

    /// What makes it repeatable, if the caller has given something.
    pub fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    /// Who asks, and what it belongs to.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The metadata, to be changed: the handler sees it, and it is stored beside the events.
    pub fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    /// Takes what the handler gets; the command only once.
    pub(crate) fn take<C: Any>(&mut self) -> (Option<C>, Meta) {
        let command = self.command.take().and_then(|command| command.downcast().ok());
        (command.map(|command| *command), self.meta.clone())
    }
}

/// The last segment of a type's path, with the parameters that it has.
pub(super) fn short_name(path: &'static str) -> &'static str {
    let end = path.find('<').unwrap_or(path.len());
    path[..end].rfind("::").map_or(path, |at| &path[at + 2..])
}

impl fmt::Debug for CommandCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandCall")
            .field("command", &self.command_type)
            .field("stream", &self.stream)
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

/// What has become of a command.
#[derive(Clone, Debug)]
pub struct Completed {
    result: Result<Receipt, String>,
    events: Vec<&'static str>,
    took: Duration,
}

impl Completed {
    pub(crate) fn new(result: Result<Receipt, String>, events: Vec<&'static str>, took: Duration) -> Self {
        Self { result, events, took }
    }

    /// The receipt; `None` where the command was not executed.
    pub fn receipt(&self) -> Option<&Receipt> {
        self.result.as_ref().ok()
    }

    /// Why it was not executed.
    pub fn error(&self) -> Option<&str> {
        self.result.as_ref().err().map(String::as_str)
    }

    /// The names of the events that it has stored now, in order; none for a command that was executed before.
    pub fn events(&self) -> &[&'static str] {
        &self.events
    }

    /// How long it took to load, decide and store.
    pub fn took(&self) -> Duration {
        self.took
    }
}

/// The rest of a command's way: the layers further in, and the aggregate.
pub struct NextCommand<'a> {
    layers: &'a [Arc<dyn Middleware>],
    innermost: &'a mut dyn Innermost,
}

impl NextCommand<'_> {
    /// Goes on. Whether the command was executed is in what comes back.
    ///
    /// # Errors
    /// The [`Refusal`] of a layer further in.
    pub async fn run(self, call: &mut CommandCall) -> Result<Completed, Refusal> {
        let Some((layer, layers)) = self.layers.split_first() else {
            return Ok(self.innermost.run(call).await);
        };
        let next = NextCommand { layers, innermost: self.innermost };
        layer.command(call, next).await.map_err(|refusal| refusal.by(layer.name()))
    }
}

impl fmt::Debug for NextCommand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextCommand").field("layers", &self.layers.len()).finish_non_exhaustive()
    }
}

/// What is inside of all layers: the execution.
pub(crate) trait Innermost: Send {
    /// Executes.
    fn run<'a>(&'a mut self, call: &'a mut CommandCall) -> BoxFuture<'a, Completed>;
}

/// Sends a command through layers.
pub(crate) async fn run_innermost(
    layers: &[Arc<dyn Middleware>],
    call: &mut CommandCall,
    innermost: &mut dyn Innermost,
) -> Result<Completed, Refusal> {
    NextCommand { layers, innermost }.run(call).await
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn a_type_is_called_by_its_last_segment() {
        assert_eq!(short_name("bank::account::Deposit"), "Deposit");
        assert_eq!(short_name("Deposit"), "Deposit");
        assert_eq!(short_name("bank::Set<bank::Limit>"), "Set<bank::Limit>");
    }
}
