//! The store is set back to a backup that is older than what the world has seen: what has happened since happens again, by
//! the same keys, and so the far side does nothing twice. With real processes, on PostgreSQL and on a file of SQLite.
//!
//! What cannot come back by itself is shown as well: what nobody starts or decides again.

use std::{path::PathBuf, process::Command, time::Duration};

use gesta_tests::{
    Fault, Folder, Server,
    clearing::{Held, Manners, Moment},
    transfers::{End, Scene, Transfer, Worker, arriving, returning},
};

const LEASE: Duration = Duration::from_millis(400);
const PROGRAM: &str = env!("CARGO_BIN_EXE_saga_worker");

/// A database that can be set back.
enum Kept {
    Postgres(Server),
    Sqlite(Folder),
}

impl Kept {
    fn server() -> Self {
        Self::Postgres(tokio::task::block_in_place(|| Server::start("")))
    }

    fn file() -> Self {
        Self::Sqlite(Folder::new())
    }

    fn url(&self) -> String {
        match self {
            Self::Postgres(server) => server.url(),
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path("bank.db").display()),
        }
    }

    /// Makes a backup. Of SQLite it is a copy of the file with what was written last, so nobody may write meanwhile.
    fn backup(&self) {
        match self {
            Self::Postgres(server) => tokio::task::block_in_place(|| server.backup()),
            Self::Sqlite(folder) => copy(&folder.path("bank.db"), &folder.path("backup.db")),
        }
    }

    /// Puts the backup in place of what there is now.
    fn restore(&self) {
        match self {
            Self::Postgres(server) => server.restore(),
            Self::Sqlite(folder) => {
                for ending in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(folder.path(&format!("bank.db{ending}")));
                }
                copy(&folder.path("backup.db"), &folder.path("bank.db"));
            }
        }
    }
}

/// With the program `cp`: a process that opens and closes a file of SQLite loses the locks that it has on it.
fn copy(from: &PathBuf, to: &PathBuf) {
    for ending in ["", "-wal"] {
        let place = |path: &PathBuf| format!("{}{ending}", path.display());
        if PathBuf::from(place(from)).exists() {
            let copied = Command::new("cp").args([place(from), place(to)]).status();
            assert!(copied.expect("the program cp").success(), "a copy");
        }
    }
}

async fn scene(kept: &Kept) -> Scene {
    Scene::new(PROGRAM, &kept.url(), &kept.url(), LEASE, Manners::good()).await
}

/// Makes a backup while a worker is in the middle of whatever it is at.
async fn backup(kept: &Kept, worker: &Worker) {
    worker.freeze();
    worker.is_frozen().await;
    kept.backup();
    worker.thaw();
}

type Expected = (Transfer, End);

/// A call of a transfer, and a moment in it.
type Call = (&'static str, Moment, Expected);

/// Transfers that have ended at the time of the backup, that are in the middle of each call then, and that begin later.
fn all() -> (Vec<Expected>, Vec<Call>, Vec<Expected>) {
    let before = vec![arriving("before-1"), returning("before-2")];
    let mut during = Vec::new();
    for moment in [Moment::BeforeEffect, Moment::AfterEffect] {
        during.push(("reserve", moment, arriving(&format!("reserve-{moment:?}"))));
        during.push(("release", moment, returning(&format!("release-{moment:?}"))));
        during.push(("notify", moment, arriving(&format!("notify-{moment:?}"))));
    }
    (before, during, vec![arriving("later-1"), returning("later-2")])
}

async fn until_all_have_ended<'t>(scene: &mut Scene, transfers: impl IntoIterator<Item = &'t Expected>) {
    for (transfer, _) in transfers {
        scene.until_ended(&transfer.name).await;
    }
}

/// Carries out all of them, with a backup in between, which is put in place in the end. All of them.
async fn set_back(kept: &Kept, scene: &mut Scene) -> (Vec<Expected>, Vec<Expected>) {
    let (before, during, later) = all();
    let mut worker = scene.worker().await;
    for (transfer, _) in &before {
        worker.begin(transfer).await;
    }
    until_all_have_ended(scene, &before).await;
    let mut held: Vec<Held> = Vec::new();
    for (call, moment, (transfer, _)) in &during {
        held.push(scene.clearing.hold(call, &transfer.name, *moment));
        worker.begin(transfer).await;
    }
    for call in &mut held {
        call.reached().await;
    }
    backup(kept, &worker).await;
    held.into_iter().for_each(Held::go);
    for (transfer, _) in &later {
        worker.begin(transfer).await;
    }
    let known: Vec<_> = before.into_iter().chain(during.into_iter().map(|(_, _, it)| it)).collect();
    until_all_have_ended(scene, known.iter().chain(&later)).await;
    for (transfer, end) in known.iter().chain(&later) {
        scene.expect(transfer, end.clone());
    }
    assert_eq!(scene.verdict().await, [""; 0], "before it is set back");
    worker.kill().await;
    scene.while_it_is_shut(|| kept.restore()).await;
    scene.look().await;
    let begun = |(transfer, _): &&Expected| scene.oracle().journal(&transfer.name).is_some();
    assert_eq!(later.iter().filter(begun).count(), 0, "the backup is older than these");
    assert_eq!(known.iter().filter(begun).count(), known.len());
    (known, later)
}

async fn what_has_happened_since_happens_again_with_the_same_keys(kept: Kept) {
    let mut scene = scene(&kept).await;
    let (known, later) = set_back(&kept, &mut scene).await;
    let done = scene.clearing.account();
    let mut workers = [scene.worker().await, scene.worker().await];
    // By themselves go on those that the backup knows of.
    until_all_have_ended(&mut scene, &known).await;
    let missing = scene.verdict().await;
    let is_told = |transfer: &Transfer| {
        let is_about = |what: &&String| what.starts_with(&format!("{} ", transfer.name));
        missing.iter().filter(is_about).any(|what| what.contains("something was done for it"))
    };
    assert!(later.iter().all(|(transfer, _)| is_told(transfer)), "{missing:?}");
    // Whoever has started something and is not sure of it starts it again.
    for (number, (transfer, _)) in later.iter().chain(&known).enumerate() {
        workers[number % 2].begin(transfer).await;
    }
    until_all_have_ended(&mut scene, known.iter().chain(&later)).await;
    for worker in workers {
        worker.stop().await;
    }
    let again = scene.clearing.account();
    assert_eq!(again.effects, done.effects, "the clearing house has done nothing twice, and nothing else");
    assert!(again.calls.values().sum::<u64>() > done.calls.values().sum(), "it was asked again");
    scene.is_right().await;
}

async fn with_other_keys_it_happens_twice(kept: Kept) {
    let mut scene = scene(&kept).await;
    scene.workers.flaw = Some("other-keys");
    let (known, _) = set_back(&kept, &mut scene).await;
    let worker = scene.worker().await;
    until_all_have_ended(&mut scene, &known).await;
    worker.stop().await;
    let wrong = scene.verdict().await;
    let twice =
        |what: &String| what.contains(r#""reserve", "reserve""#) || what.contains(r#""notify", "notify""#);
    assert!(wrong.iter().any(twice), "{wrong:?}");
    scene.app.shutdown().await.expect("the end");
}

/// What somebody has decided since is forgotten as well, and the instance goes on as if nobody had: the far side says again
/// what it has said before, although it was undone meanwhile. Decided again before anybody works on it, it ends as before.
async fn what_was_decided_since_has_to_be_decided_again(kept: Kept) {
    let mut scene = scene(&kept).await;
    let mut worker = scene.worker().await;
    let names = ["again", "forgotten"];
    let mut held = Vec::new();
    for name in names {
        let mut call = scene.clearing.hold("reserve", name, Moment::AfterEffect);
        worker.begin(&arriving(name).0).await;
        call.reached().await;
        held.push(call);
    }
    backup(&kept, &worker).await;
    worker.kill().await;
    held.into_iter().for_each(Held::go);
    for name in names {
        scene.compensate(name).await;
    }
    let worker = scene.worker().await;
    for name in names {
        scene.until_ended(name).await;
    }
    assert_eq!(scene.verdict().await, [""; 0], "both are undone");
    worker.kill().await;
    scene.while_it_is_shut(|| kept.restore()).await;
    scene.compensate("again").await;
    let worker = scene.worker().await;
    for name in names {
        scene.until_ended(name).await;
    }
    worker.stop().await;
    scene.expect(&arriving("again").0, End::Compensated("clear".into()));
    scene.expect(&arriving("forgotten").0, End::Completed);
    let wrong = scene.verdict().await;
    let told = r#"forgotten has ended as Some(Completed), and ["reserve", "release", "notify"] was done"#;
    assert_eq!(wrong, [told], "this is what cannot be right");
    scene.app.shutdown().await.expect("the end");
}

macro_rules! on_both {
    ($($test:ident)*) => {
        mod sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::Kept::file()).await; }
        )* }
        mod postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::Kept::server()).await; }
        )* }
    };
}

on_both! {
    what_has_happened_since_happens_again_with_the_same_keys
    with_other_keys_it_happens_twice
    what_was_decided_since_has_to_be_decided_again
}

/// A worker that was frozen while the database was set back has a lease that is newer than the database. Somebody else
/// takes the shard, whose token has been given out before; and meanwhile it was decided otherwise.
async fn a_worker_of_the_lost_time(flaw: Option<&'static str>) -> Vec<String> {
    let kept = Kept::server();
    let mut scene = scene(&kept).await;
    let (transfer, _) = arriving("t-1");
    let fault = |text: &str| text.parse::<Fault>().expect("a fault");
    let mut first = scene.doomed(&fault("kill after step.succeeded debit t-1")).await;
    first.begin(&transfer).await;
    first.is_gone().await;
    kept.backup();
    scene.workers.flaw = flaw;
    let mut lost = scene.doomed(&fault("freeze before step.succeeded clear t-1")).await;
    lost.says("at ").await;
    lost.is_frozen().await;
    scene.workers.flaw = None;
    scene.while_it_is_shut(|| kept.restore()).await;
    scene.compensate("t-1").await;
    let mut third = scene.doomed(&fault("wait before compensation.succeeded debit t-1")).await;
    third.says("at ").await;
    // What it was about to store would follow upon the last event, by its version.
    lost.thaw();
    lost.stop().await;
    scene.look().await;
    third.tell("go").await;
    scene.until_ended("t-1").await;
    third.stop().await;
    let wrong = scene.wrong().to_vec();
    scene.app.shutdown().await.expect("the end");
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_newer_than_the_store_is_good_for_nothing() {
    assert_eq!(a_worker_of_the_lost_time(None).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_fence_a_worker_of_the_lost_time_goes_on() {
    let wrong = a_worker_of_the_lost_time(Some("unfenced")).await;
    assert!(wrong.iter().any(|what| what.contains("it goes back")), "{wrong:?}");
}
