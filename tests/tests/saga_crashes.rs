//! Workers that are killed, frozen past their leases, cut off, or whose database crashes, at every point at which a saga
//! can be: forward and on its way back. Real processes on PostgreSQL.
//!
//! | point | what is done there |
//! |---|---|
//! | before and after the start is stored | `started` |
//! | after it was taken | `taken` |
//! | after the intent, before the call | `after step.intended` |
//! | during the call | the clearing house holds the call up |
//! | after the effect, before the result is stored | `before step.succeeded` |
//! | after the result | `after step.succeeded` |
//! | the same on the way back | `compensation.*` |
//! | a retry that is due and was not begun, or begun twice | after `step.failed`, after `taken` |
//! | a worker that wakes up after its lease | every point, frozen |
//! | recovery that races recovery, or during which the database crashes | the worker that takes over, at `taken` |

#[path = "saga_crashes/calls.rs"]
mod calls;
#[path = "saga_crashes/points.rs"]
mod points;
#[path = "saga_crashes/recovery.rs"]
mod recovery;

use std::time::Duration;

use gesta_tests::{
    Database, Fault, Kind, Server,
    clearing::Manners,
    transfers::{End, Scene, Transfer},
};

const LEASE: Duration = Duration::from_millis(400);
const PROGRAM: &str = env!("CARGO_BIN_EXE_saga_worker");

/// A scene on a database of its own.
async fn scene(manners: Manners) -> (Scene, Database) {
    let database = Database::new(Kind::Postgres).await;
    (Scene::new(PROGRAM, database.url(), database.url(), LEASE, manners).await, database)
}

/// A scene on a server that can be crashed.
async fn scene_on_a_server() -> (Scene, Server) {
    let server = tokio::task::block_in_place(|| Server::start(""));
    (Scene::new(PROGRAM, &server.url(), &server.url(), LEASE, Manners::good()).await, server)
}

fn fault(deed: &str, point: &str, saga: &str) -> Fault {
    format!("{deed} {point} {saga}").parse().expect("a fault")
}

/// A transfer, and how it must end.
type Expected = (Transfer, End);

/// Something that is done to a transfer of this kind.
type Case = (&'static str, fn(&str) -> Expected);
