use std::fmt;

use async_trait::async_trait;

use super::{CommandCall, Completed, Middleware, NextCommand, Refusal};
use crate::store::StreamId;

/// What a decision about access is made from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// Who asks, if that is known.
    pub actor: Option<&'a str>,
    /// For whom the data is kept.
    pub tenant: Option<&'a str>,
    /// The command's type without its path: `Deposit`.
    pub command: &'a str,
    /// The aggregate that is to decide.
    pub stream: &'a StreamId,
}

/// Lets only those commands through that a closure allows.
///
/// ```
/// use gesta::middleware::{Authorize, Refusal};
///
/// let layer = Authorize::new(|request| match (request.command, request.actor) {
///     ("Withdraw", None) => Err(Refusal::new("a withdrawal needs a name")),
///     _ => Ok(()),
/// });
/// # let _ = layer;
/// ```
pub struct Authorize {
    decide: Box<Decide>,
}

type Decide = dyn Fn(&Request<'_>) -> Result<(), Refusal> + Send + Sync;

impl Authorize {
    /// Asks this closure before each command.
    pub fn new(decide: impl Fn(&Request<'_>) -> Result<(), Refusal> + Send + Sync + 'static) -> Self {
        Self { decide: Box::new(decide) }
    }
}

#[async_trait]
impl Middleware for Authorize {
    fn name(&self) -> &str {
        "authorize"
    }

    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        let request = Request {
            actor: call.meta().actor.as_deref(),
            tenant: call.meta().tenant.as_deref(),
            command: call.command_name(),
            stream: call.stream(),
        };
        (self.decide)(&request)?;
        next.run(call).await
    }
}

impl fmt::Debug for Authorize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorize")
    }
}
