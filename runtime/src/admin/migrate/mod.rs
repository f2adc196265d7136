//! Copies a store into another one, each event in the newest version of its type.
//!
//! By default old versions are upcast whenever they are read, and nothing ever needs to be rewritten. A copy is for
//! those who want to be rid of old versions for good, or to change the database. The source is only read.
//!
//! What is kept: the order of the log, the streams and their versions, the metadata, how many events were stored at once,
//! how far event handlers and subscriptions have come, and the list of sagas that have ended. What a store cannot be
//! given is not: positions and times of recording are new (the old time stands in the metadata, as
//! [`RECORDED_AT`]), keys of commands are not known any more, and documents and snapshots are made anew from the events.
//! Sagas, process managers, schedules and parked deliveries that are not at their end are refused before anything is
//! copied.

mod compare;
mod copy;
mod end;
mod error;
mod transcode;

use serde::{Deserialize, Serialize};

use self::{compare::Compared, transcode::Transcoders};
use crate::{app::Register, domain::Position, log::Log, store::Store};

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

/// The two parts of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MigrationStage {
    /// Events are copied.
    Copying,
    /// Every event is read from both and compared.
    Comparing,
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
    /// How many events are of a newer version now, by name and the versions from which and to which they came.
    pub upcast: Vec<(String, u16, u16, u64)>,
    /// The subscriptions that go on in the copy where they were.
    pub subscriptions: Vec<String>,
    /// How many sagas that have ended are listed in the copy.
    pub sagas: u64,
}

/// Copies the events of a domain into another store, compares both, and lets the subscriptions go on there.
///
/// The target is empty, or has what an earlier run has copied: then this one goes on behind it. The source may grow
/// meanwhile; what comes after the end of the comparison is copied by another run. Nobody may run on the target before
/// the copy is complete.
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
        let boundaries = subscriptions.iter().map(|found| found.position()).collect();
        compare::compare(from, to, &transcoders, start, boundaries, &mut report).await?
    };
    // What has begun meanwhile would be left behind.
    end::check(from, to).await?;
    let sagas = end::copy_sagas(from, to).await?;
    let subscriptions = end::go_on(to, &subscriptions, &places).await?;
    Ok(MigratedEvents { events, found, streams, upcast, subscriptions, sagas })
}

/// The log of a store from a position on.
fn log(store: &Store, after: Position) -> crate::log::LogStream {
    Log::new(store.clone()).after(after).stream()
}
