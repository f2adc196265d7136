//! A store on which times come, workers, and somebody who looks.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use gesta::{
    App, Builder,
    domain::Position,
    log::{Filter, LogEntry},
    process_manager::Instance,
    store::{Store, StreamId},
};
use gesta_tests::{
    Database, Deed, Fault, Kind,
    clockwork::{CLOCK, Clockwork, PERIOD, TICK},
    library::{Card, CardId, Issue, Lend, LoanId, Overdue},
    transfers::Worker,
};
use tokio::process::Command;

const LEASE: Duration = Duration::from_millis(400);
const PATIENCE: Duration = Duration::from_secs(60);

/// What a loan is for, before its deadline comes.
pub(crate) const SOON: Duration = Duration::from_millis(20);

pub(crate) struct Scene {
    database: Database,
    store: Store,
    pub(crate) app: App<Clockwork>,
    ticks: &'static str,
    flaw: Option<&'static str>,
}

pub(crate) fn card(name: &str) -> CardId {
    CardId(name.into())
}

pub(crate) fn loan(name: &str) -> LoanId {
    LoanId(name.into())
}

impl Scene {
    pub(crate) async fn new(kind: Kind, flaw: Option<&'static str>) -> Self {
        let database = Database::new(kind).await;
        let store = gesta::connect(database.url()).await.expect("a store");
        let app = Builder::<Clockwork>::new(store.clone(), ()).commands_only().await.expect("an application");
        Self { database, store, app, ticks: "no-ticks", flaw }
    }

    /// Its workers have something that recurs.
    pub(crate) async fn ticking(kind: Kind, flaw: Option<&'static str>) -> Self {
        let scene = Self { ticks: "ticks", ..Self::new(kind, flaw).await };
        scene.app.create(&card(CLOCK), Issue).await.expect("a card");
        scene
    }

    fn start(&self, fault: Option<&Fault>) -> Worker {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clockwork"));
        command.arg(self.database.url()).arg(LEASE.as_millis().to_string()).arg(self.ticks).args(self.flaw);
        Worker::of(command, fault)
    }

    pub(crate) async fn worker(&self) -> Worker {
        self.start(None).ready().await
    }

    /// Whoever takes over: one, or several.
    pub(crate) async fn others(&self, several: bool) -> Vec<Worker> {
        let mut others = vec![self.worker().await];
        if several {
            others.push(self.worker().await);
        }
        others
    }

    /// A worker to which something happens.
    pub(crate) fn doomed(&self, fault: &str) -> Doomed {
        let fault: Fault = fault.parse().expect("a fault");
        Doomed { worker: self.start(Some(&fault)), deed: fault.deed }
    }

    /// Lends something to two readers; its deadline comes soon, and so often as there are notes.
    pub(crate) async fn lend(&self, name: &str) {
        for reader in ["a", "b"] {
            self.app.create(&card(&format!("{name}-{reader}")), Issue).await.expect("a card");
        }
        let readers = vec![card(&format!("{name}-a")), card(&format!("{name}-b"))];
        let millis = SOON.as_millis().try_into().expect("few");
        self.app.create(&loan(name), Lend { readers, millis }).await.expect("lent");
    }

    pub(crate) async fn notes(&self, name: &str) -> Vec<String> {
        self.app.load::<Card>(&card(name)).await.expect("loaded").expect("a card").notes.clone()
    }

    pub(crate) async fn overdue(&self, name: &str) -> Option<Instance<Overdue>> {
        self.app.process_manager::<Overdue>(&loan(name)).await.expect("an answer")
    }

    /// Looks until something is so.
    pub(crate) async fn until(&self, what: &str, mut so: impl AsyncFnMut() -> bool) {
        let start = Instant::now();
        while !so().await {
            assert!(start.elapsed() < PATIENCE, "{what} does not happen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Until both notes of a loan are there.
    pub(crate) async fn until_overdue(&self, name: &str) {
        let both = async || self.overdue(name).await.is_some_and(|it| it.notes == 2);
        self.until("the second deadline", both).await;
    }

    /// Everything that has happened so far has had its effect. There must be somebody who works.
    pub(crate) async fn all_is_done(&self) {
        self.app.caught_up(PATIENCE).await.expect("all of it");
    }

    /// Until what recurs has come some times more.
    pub(crate) async fn until_it_has_come_again(&self) {
        let before = self.notes(CLOCK).await.len();
        self.until("another time", async || self.notes(CLOCK).await.len() > before + 3).await;
    }

    /// Stops workers; the last of them ends what recurs first, and all of it has had its effect.
    pub(crate) async fn until_it_stands_still(&self, mut workers: Vec<Worker>) {
        let mut last = workers.pop().expect("a worker");
        // Whoever had not heard of the end yet would set it anew.
        stop(workers).await;
        last.tell("enough").await;
        last.says("no more").await;
        let side = self.store.port().read_side().expect("a read side");
        let stream = StreamId::new("recurring", TICK);
        let no_timer = async || side.timers_of(&stream).await.expect("the timers").is_empty();
        self.until("the end of what recurs", no_timer).await;
        self.all_is_done().await;
        last.stop().await;
    }

    /// The end of the log.
    pub(crate) async fn last_position(&self) -> Position {
        self.store.port().last_position().await.expect("a position")
    }

    /// The events of this name.
    pub(crate) async fn told(&self, name: &str) -> Vec<LogEntry> {
        self.app.log().filter(Filter::new().event(name)).page(10_000).await.expect("the log").events
    }

    /// What is wrong with a loan that is overdue: each reader has two notes, in their order.
    pub(crate) async fn wrong_with_loan(&self, name: &str) -> Vec<String> {
        let right: Vec<_> = (1..=2).map(|n| format!("{name} is overdue #{n}")).collect();
        let mut wrong = Vec::new();
        for reader in ["a", "b"] {
            let notes = self.notes(&format!("{name}-{reader}")).await;
            if notes != right {
                wrong.push(format!("{reader}: {notes:?}"));
            }
        }
        match self.overdue(name).await {
            Some(it) if it.notes == 2 && it.deadlines.is_empty() => {}
            other => wrong.push(format!("{other:?}")),
        }
        wrong
    }

    /// What is wrong with what has recurred since, once it has come to its end: each time has come once, and was noted once.
    pub(crate) async fn wrong_with_ticks(&self, begin: Position) -> Vec<String> {
        let mut wrong = Vec::new();
        let since = |entry: &LogEntry| entry.position > begin;
        let came = self.told("recurring.came").await;
        let times: Vec<i64> = came.iter().filter(|entry| since(entry)).map(time).collect();
        let period = i64::try_from(PERIOD.as_micros()).expect("short");
        wrong.extend(
            times
                .windows(2)
                .filter(|pair| pair[1] - pair[0] != period)
                .map(|pair| format!("{} is followed by {}", pair[0], pair[1])),
        );
        let mut notes = self.told("card.noted").await;
        notes.retain(since);
        let causes: Vec<_> = notes.iter().map(|note| note.meta().expect("metadata").causation).collect();
        let each: BTreeSet<_> = causes.iter().collect();
        if causes.len() != times.len() || each.len() != times.len() {
            wrong.push(format!("{} notes with {} causes for {} times", notes.len(), each.len(), times.len()));
        }
        wrong
    }

    pub(crate) async fn end(self) {
        self.app.shutdown().await.expect("the end");
        self.store.port().close().await;
        self.database.remove().await;
    }
}

fn time(came: &LogEntry) -> i64 {
    let json = came.json().expect("JSON");
    serde_json::from_value::<gesta::domain::Timestamp>(json["time"].clone()).expect("a time").as_micros()
}

/// A worker to which something happens.
pub(crate) struct Doomed {
    pub(crate) worker: Worker,
    deed: Deed,
}

impl Doomed {
    /// Waits until it has happened. The worker, where it will wake up again.
    pub(crate) async fn strikes(mut self) -> Option<Worker> {
        self.worker.says("at ").await;
        if self.deed == Deed::Freeze {
            self.worker.is_frozen().await;
            return Some(self.worker);
        }
        self.worker.is_gone().await;
        None
    }
}

/// Stops workers.
pub(crate) async fn stop(workers: Vec<Worker>) {
    for worker in workers {
        worker.stop().await;
    }
}

/// Lets a worker wake up, if it can, and come to the end of what it was at.
pub(crate) async fn wake(worker: Option<Worker>) {
    if let Some(worker) = worker {
        worker.thaw();
        worker.stop().await;
    }
}
