use super::{AggregateId, Event, Id, Lifecycle, Misfit, Shape};
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
    /// What is said of it in the source; empty where nothing is.
    const DOC: &'static str = "";
    /// When and how its state is kept beside the log; `None` where replaying is cheap enough.
    const SNAPSHOT: Option<SnapshotPolicy<Self>> = None;
    /// The shape of its state as it is kept beside the log, where that is known and done. It is recorded and compared with
    /// nothing: a snapshot of another shape is ignored, and the state folded anew.
    const SNAPSHOT_SHAPE: Option<&'static Shape> = None;

    /// Its states and what leads from one to another, where that is declared.
    const LIFECYCLE: Option<&'static Lifecycle> = None;

    /// Takes one event of the stream in: the first one makes the state, each further one changes it. What does not
    /// exist yet is `None`, so a state need not have a value that stands for nothing.
    ///
    /// # Errors
    /// When the event does not fit what is there, which is left as it was. An aggregate that begins as its `Default`
    /// and declares no states takes every event.
    fn fold(state: &mut Option<Self>, event: &Self::Event) -> Result<(), Misfit>;

    /// The name of the state that it is in, where states are declared.
    fn state_name(&self) -> Option<&'static str> {
        None
    }
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
