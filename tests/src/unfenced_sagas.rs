use async_trait::async_trait;
use gesta::store::{Append, EventStore, Expected, Outcome, Store, StoreError};

use crate::altered::{Alteration, Altered};

/// A store without the fence around sagas: what somebody else has taken over, and has gone on with, is stored all the
/// same.
#[derive(Clone, Copy, Debug)]
pub struct UnfencedSagas;

impl UnfencedSagas {
    /// Takes the fence out of a store.
    pub fn of(store: Store) -> Store {
        Store::new(Altered::new(store, Self))
    }
}

#[async_trait]
impl Alteration for UnfencedSagas {
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let mut batch = batch.to_vec();
        batch.iter_mut().for_each(without_the_fence);
        inner.append(&batch).await
    }
}

fn without_the_fence(append: &mut Append) {
    // A start is looked at as ever: that an instance begins once is no matter of the fence.
    if append.stream.category().starts_with("saga.") && append.expected != Expected::Version(0) {
        append.expected = Expected::Any;
    }
    if let Some(process) = &mut append.process {
        process.fence = None;
    }
    append.together.iter_mut().for_each(|together| without_the_fence(together));
}
