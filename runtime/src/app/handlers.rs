use super::App;
use crate::{
    domain::Domain,
    event_handler::{DeadLetters, HandlerStatus},
    store::StoreError,
};

impl<D: Domain> App<D> {
    /// Events that event handlers could not handle, of this application and every other on the same store: which there
    /// are, and what is to become of them.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.shared.executor.store().clone(), self.shared.handlers.clone())
    }

    /// How the event handlers of this application stand; none for one that runs commands only.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn event_handlers(&self) -> Result<Vec<HandlerStatus>, StoreError> {
        self.shared.handlers.status(self.shared.executor.store()).await
    }
}
