use std::{fmt, marker::PhantomData};

use crate::{
    domain::{EventOf, Evolve, Projection, Route},
    log::LogEntry,
    store::StoreError,
};

/// Which types of event a projection is folded from, and how.
pub struct Folds<P> {
    names: Vec<(&'static str, Fold<P>)>,
    of: PhantomData<P>,
}

/// Reads an event and says what becomes of the documents.
type Fold<P> = fn(&LogEntry) -> Result<Folding<P>, StoreError>;

#[expect(dead_code, reason = "the driver follows")]
/// An event that was read: which documents it changes, and how.
pub(crate) struct Folding<P> {
    pub(crate) route: Route,
    pub(crate) deletes: bool,
    pub(crate) apply: Box<dyn Fn(&mut P) + Send>,
}

impl<P: Projection> Folds<P> {
    /// From none yet.
    pub fn new() -> Self {
        Self { names: Vec::new(), of: PhantomData }
    }

    /// From the events of one type too.
    pub fn on<E: EventOf + crate::domain::Event>(&mut self)
    where
        P: Evolve<E>,
    {
        fn fold<P: Projection + Evolve<E>, E: crate::domain::Event>(
            entry: &LogEntry,
        ) -> Result<Folding<P>, StoreError> {
            let event: E = entry.decode()?;
            let (route, deletes) = (P::route(&event), P::deletes(&event));
            Ok(Folding { route, deletes, apply: Box::new(move |document| document.evolve(&event)) })
        }
        self.names.extend(E::TYPES.iter().map(|found| (found.name, fold::<P, E> as Fold<P>)));
    }

    /// The names of the types of event.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.names.iter().map(|(name, _)| *name)
    }
}

impl<P: Projection> Default for Folds<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> fmt::Debug for Folds<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names.iter().map(|(name, _)| name)).finish()
    }
}
