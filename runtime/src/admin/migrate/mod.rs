//! Copies a store into another one, each event in the newest version of its type.
//!
//! By default old versions are upcast whenever they are read, and nothing ever needs to be rewritten. A copy is for
//! those who want to be rid of old versions for good, or to change the database. The source is only read.
//!
//! What is kept: the order of the log, the streams and their versions, the metadata, how many events were stored at once,
//! the keys of commands, how far event handlers and subscriptions have come, parked deliveries, sagas whether they have
//! ended or not, process managers with their deadlines, and schedules. What a store cannot be given is not: positions and
//! times of recording are new (the old time stands in the metadata, as [`RECORDED_AT`]), and documents of projections and
//! snapshots are made anew from the events. Leases are not copied; how often an instance of a saga was taken anew, and
//! when it was stored, begins again.
//!
//! **Keys.** A command that is repeated with its key stores nothing and gives the receipt that it gave, with the position
//! that the event has in the copy. The keys under which process managers, event handlers and plugins store what follows
//! from an event contain its position; they are called by the position in the copy. So is a key that an application
//! has made of [`Delivery::key`](crate::domain::Delivery::key), if it stands at the beginning. What was told somebody
//! outside under such a key is not known there by the new one: a delivery that was tried before is in doubt.
//!
//! **Positions.** The receipts of command steps are found by their keys. Receipts within the data of sagas, within
//! outputs of their other steps, and within what process managers and schedules keep are told by their exact text, and
//! get the positions of the copy; they may be waited for. A position that stands alone somewhere, in an event of the
//! domain or in an event by which the framework tells of something, stays what it was.
//!
//! **What is unfinished** goes on where it is started next: a saga with the same keys, a deadline or a scheduled command at
//! the moment at which it would have come. It must not go on in both, so it is not copied while a program runs on the source:
//! [`MigrateError::SourceInUse`]. Whatever is written into the source behind the end of the copy is told:
//! [`MigrateError::Grown`].

mod compare;
mod copy;
mod deliveries;
mod end;
mod error;
mod instances;
mod key_text;
mod keys;
mod places;
mod receipts;
mod sagas;
mod transcode;

use serde::{Deserialize, Serialize};

use self::{
    compare::Compared, instances::Instances, key_text::KeyTexts, places::Places, transcode::Transcoders,
};
use crate::{
    app::Register,
    domain::Position,
    log::Log,
    store::{Append, Inspect, Outcome, ReadSide, Store, StoreError, SubscriptionState},
};

pub use error::MigrateError;

/// The value in the metadata of a copied event that says when it was recorded first.
pub const RECORDED_AT: &str = "recorded_at";

/// What has been done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MigrationProgress {
    /// What is being done.
    pub stage: MigrationStage,
    /// The position in the source up to which it is done.
    pub position: Position,
    /// The position at which the source ended when it was begun.
    pub end: Position,
}

/// The parts of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MigrationStage {
    /// Events are copied.
    Copying,
    /// Every event is read from both and compared.
    Comparing,
    /// What stands beside the events is copied and compared: the keys of commands, and how far everybody has come.
    Beside,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MigratedEvents {
    /// How many events both have; every one was compared.
    pub events: u64,
    /// How many of them an earlier run had copied already.
    pub found: u64,
    /// How many streams both have.
    pub streams: u64,
    /// How many keys of commands both have; every one was compared.
    pub keys: u64,
    /// How many events are of a newer version now, by name and the versions from which and to which they came.
    pub upcast: Vec<(String, u16, u16, u64)>,
    /// The subscriptions that go on in the copy where they were.
    pub subscriptions: Vec<String>,
    /// How many deliveries are parked in both, dead letters and those that wait behind them; every one was compared.
    pub deliveries: u64,
    /// How many instances of sagas are listed in both.
    pub sagas: u64,
    /// How many of them have not ended, and go on in the copy.
    pub sagas_unfinished: u64,
    /// How many instances process managers have in both, and how many commands are scheduled or recur.
    pub instances: u64,
    /// How many timers these have: each comes at the moment at which it would have come.
    pub timers: u64,
}

/// Copies the events of a domain into another store, compares both, and lets the subscriptions go on there.
///
/// The target is empty, or has what an earlier run has copied: then this one goes on behind it. The source may grow
/// while events are copied; what has come behind the end of the comparison is an error, and copied by another run. Nobody
/// may run on the target before the copy is complete, and nobody on the source while something there is unfinished.
///
/// # Errors
/// [`MigrateError`]. Whatever was copied by then is whole, and another run goes on behind it.
pub async fn migrate_events<D: Register>(
    from: &Store,
    to: &Store,
    progress: &mut (dyn FnMut(MigrationProgress) + Send),
) -> Result<MigratedEvents, MigrateError> {
    end::check(from, to).await?;
    let transcoders = Transcoders::of::<D>();
    let end = from.port().last_position().await?;
    let mut report =
        |stage, position: Position| progress(MigrationProgress { stage, position, end: end.max(position) });
    let start = {
        let mut report = |position| report(MigrationStage::Copying, position);
        copy::copy(from, to, &transcoders, &mut report).await?
    };
    let subscriptions = end::subscriptions(from).await?;
    let Compared { events, found, streams, upcast, places } = {
        let mut report = |position| report(MigrationStage::Comparing, position);
        compare::compare(from, to, &transcoders, start, &mut report).await?
    };
    report(MigrationStage::Beside, places.end());
    let done = MigratedEvents { events, found, streams, upcast, ..MigratedEvents::default() };
    beside(from, to, transcoders, &places, &subscriptions, done).await
}

/// Copies and compares what stands beside the events.
async fn beside(
    from: &Store,
    to: &Store,
    transcoders: Transcoders,
    places: &Places,
    subscriptions: &[SubscriptionState],
    mut done: MigratedEvents,
) -> Result<MigratedEvents, MigrateError> {
    let texts = KeyTexts::new(transcoders.handlers);
    let instances = Instances::of(from, to, places, transcoders.processes).await?;
    end::at_rest(&instances).await?;
    keys::copy(from, to, &texts, places).await?;
    done.subscriptions = end::go_on(to, subscriptions, places).await?;
    deliveries::copy(from, to, places).await?;
    sagas::copy(from, to).await?;
    instances.copy().await?;

    done.keys = keys::compare(from, to, &texts, places).await?;
    end::compare(to, subscriptions, places).await?;
    done.deliveries = deliveries::compare(from, to, places).await?;
    (done.sagas, done.sagas_unfinished) = sagas::compare(from, to).await?;
    (done.instances, done.timers) = instances.compare().await?;
    // What has begun meanwhile would be left behind.
    end::at_rest(&instances).await?;
    end::check_end(from, places).await?;
    Ok(done)
}

/// The log of a store from a position on.
fn log(store: &Store, after: Position) -> crate::log::LogStream {
    Log::new(store.clone()).after(after).stream()
}

/// Stores a batch as a whole, and refuses to have less stored.
async fn append_all(to: &Store, appends: Vec<Append>) -> Result<(), MigrateError> {
    if appends.is_empty() {
        return Ok(());
    }
    let outcomes = to.port().append(&appends).await?;
    let refused = appends.iter().zip(outcomes).find(|(_, outcome)| !matches!(outcome, Outcome::Appended(_)));
    match refused {
        Some((append, outcome)) => {
            Err(MigrateError::Refused { stream: append.stream.clone(), outcome: Box::new(outcome) })
        }
        None => Ok(()),
    }
}

fn side(store: &Store) -> Result<&dyn ReadSide, MigrateError> {
    let unsupported = StoreError::Unsupported { store: "this store", what: "be copied" };
    store.port().read_side().ok_or(MigrateError::Store(unsupported))
}

fn inspect(store: &Store) -> Result<&dyn Inspect, MigrateError> {
    let unsupported = StoreError::Unsupported { store: "this store", what: "list the keys of commands" };
    store.port().inspect().ok_or(MigrateError::Store(unsupported))
}
