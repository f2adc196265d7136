use super::{AggregateId, Event, Id, Lifecycle};
use crate::codec::{DecodeError, EncodeError};

/// A consistency boundary: a state, folded from the events of one stream, that decides about commands.
///
/// `#[aggregate(id = .., event = ..)]` writes this; with [`Evolve`](super::Evolve) it is complete.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "write `#[aggregate(id = .., event = ..)]` on the struct that holds the state"
)]
pub trait Aggregate: Sized + Send + Sync + 'static {
    /// What names an instance.
    type Id: AggregateId<Aggregate = Self> + Id;
    /// What is recorded of an instance.
    type Event: Event;
    /// The category of its streams, such as `account`.
    const NAME: &'static str;
    /// The package in whose source it is; empty where that is not known.
    const PACKAGE: &'static str = "";
    /// When and how its state is kept beside the log; `None` where replaying is cheap enough.
    const SNAPSHOT: Option<SnapshotPolicy<Self>> = None;

    /// Its states and what leads from one to another, where that is declared.
    const LIFECYCLE: Option<&'static Lifecycle> = None;

    /// The state before the first event.
    fn initial() -> Self;

    /// Changes the state by one event.
    fn apply(&mut self, event: &Self::Event);
}

/// How the state of an aggregate is kept beside its events, to be loaded without replaying all of them.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotPolicy<A> {
    /// A snapshot is taken when at least so many events were stored since the last one.
    pub every: u64,
    /// Identifies the shape of the state: a snapshot with another one is ignored and replaced.
    pub fingerprint: u64,
    /// Writes the state.
    pub save: fn(&A) -> Result<Vec<u8>, EncodeError>,
    /// Reads a state that `save` has written.
    pub restore: fn(&[u8]) -> Result<A, DecodeError>,
}
