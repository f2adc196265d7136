use super::worker::read_side;
use crate::{
    domain::Projection,
    store::{Store, StoreError},
};

/// A projection that this program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
}

impl Declared {
    pub(crate) fn of<P: Projection>() -> Self {
        Self { name: P::NAME, version: P::VERSION }
    }

    /// Makes its generation, unless there is one.
    pub(crate) async fn declare(&self, store: &Store) -> Result<(), StoreError> {
        read_side(store)?.declare_generation(self.name, self.version).await.map(drop)
    }
}
