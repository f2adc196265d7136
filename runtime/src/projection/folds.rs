use std::{any::Any, fmt, sync::Arc};

use super::desk::Desk;
use crate::{
    domain::{Aggregate, Event, EventOf, Evolve, Projection, Route},
    log::LogEntry,
    store::BoxError,
};

/// Which types of event a projection is folded from, and how.
pub struct Folds<P> {
    types: Vec<(&'static str, Fold<P>)>,
    aggregates: Vec<(&'static str, FoldAll<P>)>,
}

/// Reads an event and changes the documents that it is about.
pub(super) type Fold<P> = fn(&Arc<LogEntry>, &mut Desk<P>) -> Result<(), BoxError>;

/// Changes the document of a stream by new events of it, a `Vec` of the events of its aggregate. None if they are of
/// another type, or about other documents: then nothing was changed.
pub(super) type FoldAll<P> = fn(&mut Option<P>, &dyn Any) -> Option<()>;

impl<P: Projection> Folds<P> {
    /// From none yet.
    pub fn new() -> Self {
        Self { types: Vec::new(), aggregates: Vec::new() }
    }

    /// From the events of one type too.
    pub fn on<E: EventOf + Event>(&mut self)
    where
        P: Evolve<E>,
    {
        self.types.extend(E::TYPES.iter().map(|found| (found.name, fold::<P, E> as Fold<P>)));
        self.aggregates.push((<E::Aggregate as Aggregate>::NAME, fold_all::<P, E>));
    }

    /// The names of the types of event.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.types.iter().map(|(name, _)| *name)
    }

    /// The categories of the streams whose events these are.
    pub(crate) fn categories(&self) -> Vec<&'static str> {
        self.aggregates.iter().map(|(name, _)| *name).collect()
    }

    /// How events of a name are folded. There are few, and two names of different length are told apart at once.
    pub(super) fn find(&self, name: &str) -> Option<Fold<P>> {
        self.types.iter().find(|(own, _)| *own == name).map(|(_, fold)| *fold)
    }

    /// The aggregates whose events it is folded from.
    pub(super) fn aggregates(&self) -> &[(&'static str, FoldAll<P>)] {
        &self.aggregates
    }
}

fn fold<P, E>(entry: &Arc<LogEntry>, desk: &mut Desk<P>) -> Result<(), BoxError>
where
    P: Projection + Evolve<E>,
    E: Event,
{
    let event: E = entry.decode()?;
    let deletes = P::deletes(&event);
    match P::route(&event) {
        Route::Stream => desk.change(entry, entry.stream.id(), event, move |event: &E, state| {
            change(state, event, deletes);
        }),
        Route::Documents(_) if P::INLINE => return Err(Box::new(OtherKey)),
        Route::Documents(keys) => {
            let event = Arc::new(event);
            let first = |(at, key): &(usize, &String)| !keys[..*at].contains(key);
            for (_, key) in keys.iter().enumerate().filter(first) {
                let event = Arc::clone(&event);
                desk.change(entry, key, event, move |event: &E, state| change(state, event, deletes));
            }
        }
    }
    Ok(())
}

fn fold_all<P, E>(state: &mut Option<P>, events: &dyn Any) -> Option<()>
where
    P: Projection + Evolve<E>,
    E: Event,
{
    let events = events.downcast_ref::<Vec<E>>()?;
    if events.iter().any(|event| P::route(event) != Route::Stream) {
        return None;
    }
    events.iter().for_each(|event| change(state, event, P::deletes(event)));
    Some(())
}

fn change<P: Projection + Evolve<E>, E>(state: &mut Option<P>, event: &E, deletes: bool) {
    state.get_or_insert_with(P::initial).evolve(event);
    if deletes {
        *state = None;
    }
}

#[derive(Debug, thiserror::Error)]
#[error("an inline projection has one document for each stream, and this event picks others with `by`")]
struct OtherKey;

impl<P: Projection> Default for Folds<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> fmt::Debug for Folds<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.types.iter().map(|(name, _)| name)).finish()
    }
}
