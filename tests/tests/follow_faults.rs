//! Processes that follow the log, frozen beyond their leases and killed, on a database that crashes: what they keep
//! agrees with the log to the cent.
//!
//! `GESTA_FAULT_SECONDS` says how long the faults go on, and `GESTA_FAULT_SEED` repeats a run as far as chance decides.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use gesta::store::{Store, SubscriptionState};
use gesta_tests::{
    Database, Dice, Folder, Follower, Following, Kind, Server,
    tills::{Notes, SUBSCRIPTIONS, Truth, Writer, differences, everything_is_done, make_books},
};
use tokio::{task::JoinHandle, time::sleep};

const LEASE: Duration = Duration::from_millis(500);
/// Whoever does not hear that shards are free finds them after a third of it.
const LONG_LEASE: Duration = Duration::from_secs(24);
const TILLS: u64 = 400;

/// How long what follows may need to come to the end of the log once the faults are over.
const PATIENCE: Duration = Duration::from_secs(120);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
    number("GESTA_FAULT_SEED").unwrap_or(now.into())
}

fn seconds(default: u64) -> Duration {
    Duration::from_secs(number("GESTA_FAULT_SECONDS").unwrap_or(default))
}

fn following(url: &str, lease: Duration, fenced: bool) -> Following {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_follower"));
    Following { program, url: url.to_owned(), lease, fenced }
}

/// A writer that rings amounts up until it is told to stop, and gives back how many.
fn write(mut writer: Writer, stop: Arc<AtomicBool>) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let mut events = 0;
        while !stop.load(Ordering::SeqCst) {
            events += writer.ring().await;
            // The pace of the load, not a wait for something.
            sleep(Duration::from_millis(25)).await;
        }
        events
    })
}

/// What is done to the processes, and to the database.
struct Fire<'s> {
    dice: Dice,
    following: Following,
    followers: Vec<Follower>,
    /// When each of them is to go on.
    thaw: Vec<Option<Instant>>,
    kills: bool,
    server: Option<&'s Server>,
    told: [u32; 3],
}

impl Fire<'_> {
    async fn rage(&mut self, time: Duration) {
        let (start, mut crashes) = (Instant::now(), 0);
        while start.elapsed() < time {
            self.thaw_those_whose_time_has_come();
            self.one_more();
            if self.server.is_some() && start.elapsed() > time * (crashes + 1) / 3 {
                crashes += 1;
                self.crash();
            }
            // The moments of the faults are what is varied here.
            sleep(Duration::from_millis(40 + self.dice.roll(80))).await;
        }
        self.thaw.iter_mut().for_each(|thaw| *thaw = thaw.map(|_| start));
        self.thaw_those_whose_time_has_come();
    }

    fn thaw_those_whose_time_has_come(&mut self) {
        for (follower, thaw) in self.followers.iter_mut().zip(&mut self.thaw) {
            if thaw.is_some_and(|thaw| thaw <= Instant::now()) {
                follower.thaw();
                *thaw = None;
            }
        }
    }

    fn one_more(&mut self) {
        let which = self.dice.roll(self.followers.len() as u64) as usize;
        assert!(!self.followers[which].has_ended(), "a process has ended by itself");
        match self.dice.roll(12) {
            0..4 if self.followers.len() > 1 && self.thaw[which].is_none() => {
                self.followers[which].freeze();
                let time = self.following.lease.mul_f64(1.2 + 0.01 * self.dice.roll(180) as f64);
                self.thaw[which] = Some(Instant::now() + time);
                self.told[0] += 1;
            }
            4 if self.kills => {
                self.followers[which] = self.following.start();
                self.thaw[which] = None;
                self.told[1] += 1;
            }
            _ => {}
        }
    }

    fn crash(&mut self) {
        if let Some(server) = self.server {
            tokio::task::block_in_place(|| server.restart_immediate());
            self.told[2] += 1;
        }
    }
}

/// Lets processes follow under fire while somebody writes, waits until they have come to the end, and compares.
async fn run(mut fire: Fire<'_>, processes: usize, time: Duration, seed: u64) -> Vec<String> {
    let url = fire.following.url.clone();
    let store = gesta::connect(&url).await.expect("a store");
    make_books(&url).await;
    let notes = Notes::open(&url).await.expect("the notes");
    fire.followers = (0..processes).map(|_| fire.following.start()).collect();
    fire.thaw = vec![None; processes];
    fire.followers = fire.followers.into_iter().map(Follower::ready).collect();

    let stop = Arc::new(AtomicBool::new(false));
    let writing = write(Writer::new(store.clone(), seed, TILLS), stop.clone());
    fire.rage(time).await;
    stop.store(true, Ordering::SeqCst);
    let written = writing.await.expect("a writer that ends without a panic");

    let truth = Truth::of(&store).await;
    assert_eq!(truth.events(), written as u64, "the log has what was written");
    let since = Instant::now();
    until(async || everything_is_done(&store, truth.last, SUBSCRIPTIONS).await).await;
    let found = differences(&store, &url, &notes, &truth).await;
    let (behind, noted) = (since.elapsed(), notes.all().await.len());
    println!(
        "seed {seed}: {written} events, {noted} deliveries; {} freezes, {} kills, {} crashes of the database; done \
         {behind:.1?} after the last event",
        fire.told[0], fire.told[1], fire.told[2]
    );
    tokio::task::block_in_place(|| fire.followers.into_iter().for_each(Follower::stop));
    notes.close().await;
    store.port().close().await;
    found
}

/// Waits until something is so.
async fn until<E: std::fmt::Display>(is_so: impl AsyncFn() -> Result<(), E>) {
    let start = Instant::now();
    while let Err(why) = is_so().await {
        assert!(start.elapsed() < PATIENCE, "it has not come to that: {why}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn fire(url: &str, fenced: bool, seed: u64) -> Fire<'static> {
    Fire {
        dice: Dice::new(seed),
        following: following(url, LEASE, fenced),
        followers: Vec::new(),
        thaw: Vec::new(),
        kills: true,
        server: None,
        told: [0; 3],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_that_are_frozen_and_killed_on_a_database_that_crashes_agree_with_the_log() {
    let (server, seed) = (Server::start(""), seed());
    let fire = Fire { server: Some(&server), ..fire(&server.url(), true, seed) };
    let wrong = run(fire, 3, seconds(24), seed).await;
    assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_fence_the_sums_are_wrong() {
    for round in 0..8 {
        let (database, seed) = (Database::new(Kind::Postgres).await, seed() + round);
        let fire = Fire { kills: false, ..fire(database.url(), false, seed) };
        let wrong = run(fire, 3, seconds(6), seed).await;
        database.remove().await;
        // What handlers see may be repeated with the fence too: it is the sums that must tell.
        if wrong.iter().any(|line| line.contains("and the log says")) {
            println!("wrong: {} lines, such as {}", wrong.len(), wrong[0]);
            return;
        }
    }
    panic!("the sums are right without the fence: the test of the fence does not show anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_sqlite_that_is_killed_again_and_again_agrees_with_the_log() {
    let (folder, seed) = (Folder::new(), seed());
    let url = format!("sqlite:{}", folder.path("events.db").display());
    let wrong = run(fire(&url, true, seed), 1, seconds(10), seed).await;
    assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
}

/// By how many processes each subscription is worked on, and whether all of its shards are.
async fn owners(store: &Store) -> Vec<(usize, bool)> {
    let port = store.port().read_side().expect("a store with a read side");
    let owners = |state: &SubscriptionState| {
        let mut owners: Vec<_> = state.shards.iter().map(|shard| shard.owner).collect();
        let all = owners.iter().all(Option::is_some);
        owners.sort();
        owners.dedup();
        (owners.len(), all)
    };
    let states = port.subscriptions(None).await.expect("subscriptions");
    // The application's tables are one shard, which nobody can share.
    states.iter().filter(|state| state.shards.len() > 1).map(owners).collect()
}

async fn until_shared_by(store: &Store, processes: usize) {
    until(async || {
        let owners = owners(store).await;
        let so = owners.len() == SUBSCRIPTIONS - 1 && owners.iter().all(|found| *found == (processes, true));
        if so { Ok(()) } else { Err(format!("not shared by {processes}: {owners:?}")) }
    })
    .await;
}

async fn a_process_that_stops_hands_its_leases_over_at_once(url: &str, at_most: Duration) {
    let lease = LONG_LEASE;
    let store = gesta::connect(url).await.expect("a store");
    make_books(url).await;
    let following = following(url, lease, true);
    let (first, second) = (following.start().ready(), following.start().ready());
    until_shared_by(&store, 2).await;

    tokio::task::block_in_place(|| first.stop());
    let stopped = Instant::now();
    until_shared_by(&store, 1).await;
    let took = stopped.elapsed();
    println!("handed over after {took:.1?}, with leases of {lease:?}");
    assert!(took < at_most, "the leases were not handed over at once: {took:.1?}");
    tokio::task::block_in_place(|| second.stop());
    store.port().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stops_hands_its_leases_over_at_once_on_postgres() {
    let database = Database::new(Kind::Postgres).await;
    a_process_that_stops_hands_its_leases_over_at_once(database.url(), LONG_LEASE / 6).await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stops_hands_its_leases_over_at_once_on_sqlite() {
    let folder = Folder::new();
    let url = format!("sqlite:{}", folder.path("events.db").display());
    a_process_that_stops_hands_its_leases_over_at_once(&url, LONG_LEASE / 6).await;
}
