use std::fmt;

use async_trait::async_trait;

use super::{CommandCall, Completed, Middleware, NextCommand, Refusal};
use crate::domain::Meta;

/// Changes the metadata of every command before it is decided.
///
/// ```
/// use gesta::middleware::Enrich;
///
/// let layer = Enrich::new(|meta| {
///     meta.values.insert("release".into(), "2026.11".into());
/// });
/// # let _ = layer;
/// ```
pub struct Enrich {
    change: Box<dyn Fn(&mut Meta) + Send + Sync>,
}

impl Enrich {
    /// By this closure.
    pub fn new(change: impl Fn(&mut Meta) + Send + Sync + 'static) -> Self {
        Self { change: Box::new(change) }
    }
}

#[async_trait]
impl Middleware for Enrich {
    fn name(&self) -> &str {
        "enrich"
    }

    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        (self.change)(call.meta_mut());
        next.run(call).await
    }
}

impl fmt::Debug for Enrich {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enrich")
    }
}
