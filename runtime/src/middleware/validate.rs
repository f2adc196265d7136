use std::{any::Any, fmt, marker::PhantomData};

use async_trait::async_trait;

use super::{CommandCall, Completed, Middleware, NextCommand, Refusal};
use crate::domain::Meta;

/// Looks at the commands of one type before they are decided.
///
/// ```
/// use gesta::middleware::Validate;
///
/// struct Deposit { cents: u64 }
///
/// let layer = Validate::<Deposit>::new(|deposit, _meta| match deposit.cents {
///     0 => Err("nothing is no deposit".into()),
///     _ => Ok(()),
/// });
/// # let _ = layer;
/// ```
pub struct Validate<C> {
    check: Box<Check<C>>,
    of: PhantomData<fn(C)>,
}

type Check<C> = dyn Fn(&C, &Meta) -> Result<(), Refusal> + Send + Sync;

impl<C: Any> Validate<C> {
    /// By this closure.
    pub fn new(check: impl Fn(&C, &Meta) -> Result<(), Refusal> + Send + Sync + 'static) -> Self {
        Self { check: Box::new(check), of: PhantomData }
    }
}

#[async_trait]
impl<C: Any> Middleware for Validate<C> {
    fn name(&self) -> &str {
        "validate"
    }

    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        if let Some(command) = call.command::<C>() {
            (self.check)(command, call.meta())?;
        }
        next.run(call).await
    }
}

impl<C> fmt::Debug for Validate<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Validate<{}>", std::any::type_name::<C>())
    }
}
