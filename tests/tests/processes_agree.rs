//! Batches made by dice, with two appends that are stored together, leases, instances of sagas and timers: the databases
//! decide and keep as the readable reference does.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use gesta::{
    domain::Timestamp,
    store::{
        Append, Claim, Due, Expected, Fence, Memory, Outcome, ProcessWrites, ReadSide, SagaFilter,
        SagaStatus, SagaWrite, Store, Suspicion, TakeSagas, TimerWrite,
    },
};
use gesta_tests::{Database, Dice, Kind, append, keyed, stream};

const BATCHES: usize = 120;
const STREAMS: u64 = 4;

/// Times that nobody meets by chance: long ago, or far away.
fn due(dice: &mut Dice) -> Due {
    let century = 4_000_000_000_000_000;
    Due::At(Timestamp::from_micros(dice.roll(1_000) as i64 + if dice.roll(2) == 0 { century } else { 0 }))
}

fn process(dice: &mut Dice) -> ProcessWrites {
    let mut process = ProcessWrites::default();
    if dice.roll(3) == 0 {
        // The worker has all shards: 1 stands for the token of its leases.
        let token = if dice.roll(6) == 0 { 2 } else { 1 };
        process.fence = Some(Fence { subscription: "s".into(), shard: dice.roll(2) as u16, token });
    }
    if dice.roll(3) == 0 {
        process.saga = Some(SagaWrite {
            saga: if dice.roll(4) == 0 { "other" } else { "order" }.into(),
            id: dice.roll(6).to_string(),
            shard: dice.roll(2) as u16,
            status: SagaStatus::ALL[[0, 0, 0, 1, 2, 3, 4, 5][dice.roll(8) as usize]],
            step: (dice.roll(2) == 0).then(|| dice.roll(3).to_string()),
            attempts: dice.roll(5) as u32,
            due: (dice.roll(4) > 0).then(|| due(dice)),
            error: (dice.roll(3) == 0).then(|| format!("error {}", dice.roll(9))),
            definition: (1, dice.roll(1 << 20) << 44),
        });
    }
    for _ in 0..dice.roll(3) {
        process.wakes.push(("order".into(), dice.roll(8).to_string()));
    }
    for _ in 0..dice.roll(4) {
        let (name, armed) = (dice.roll(3).to_string().into(), dice.roll(3));
        process.timers.push(match dice.roll(3) {
            0 => TimerWrite::Disarm { name, armed: (dice.roll(2) == 0).then_some(armed) },
            _ => TimerWrite::Arm { name, armed, shard: dice.roll(2) as u16, due: due(dice) },
        });
    }
    process
}

fn draw(dice: &mut Dice, id: u64, versions: &mut HashMap<u64, u64>) -> Append {
    let version = versions.entry(id).or_default();
    let expected = match dice.roll(8) {
        0..=2 => Expected::Any,
        3 => Expected::Version(*version + dice.roll(3)),
        _ => Expected::Version(*version),
    };
    let events = dice.roll(3);
    *version += events;
    let mut drawn = append(&id.to_string(), expected, ["1", "2"].into_iter().take(events as usize));
    drawn.process = (dice.roll(3) > 0).then(|| Box::new(process(dice)));
    drawn
}

/// An append, usually with another one; `versions` is kept as if all of it were stored.
fn draw_pair(dice: &mut Dice, versions: &mut HashMap<u64, u64>) -> Append {
    let id = dice.roll(STREAMS);
    let mut first = draw(dice, id, versions);
    if dice.roll(4) == 0 {
        first = keyed(first, dice.roll(200).to_string());
    }
    if dice.roll(3) > 0 {
        let other = (id + 1 + dice.roll(STREAMS - 1)) % STREAMS;
        first.together = Some(Box::new(draw(dice, other, versions)));
    }
    first
}

fn side(store: &Store) -> &dyn ReadSide {
    store.port().read_side().expect("it keeps sagas")
}

/// A time that is far away, or that it is over: since when something is due, a store may keep where it is written anew.
fn told(time: Timestamp) -> String {
    match time.as_micros() {
        ..4_000_000_000_000_000 => "over".to_owned(),
        micros => micros.to_string(),
    }
}

/// Everything that is kept, one line each.
async fn kept(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    let mut counts = side(store).count_sagas().await.expect("counted");
    counts.sort();
    lines.push(format!("{counts:?}"));
    for state in side(store).list_sagas(&SagaFilter::default(), 100).await.expect("listed") {
        let stamp = Timestamp::from_micros(0);
        let due = state.due_at.map(told);
        let state = gesta::store::SagaState { started_at: stamp, updated_at: stamp, due_at: None, ..state };
        lines.push(format!("{state:?} due {due:?}"));
    }
    for id in 0..STREAMS {
        lines.push(format!("{:?}", side(store).timers_of(&stream(&id.to_string())).await.expect("listed")));
    }
    lines
}

/// A new worker takes the shards of a subscription, which nobody has given back.
async fn lose_the_leases(store: &Store) {
    let (worker, ttl) = (uuid::Uuid::now_v7(), Duration::from_millis(1));
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let claim = Claim { worker, subscriptions: &["lossy".into()], ttl };
        if side(store).claim(claim).await.expect("claimed")[0].leases.len() == 2 {
            return;
        }
        assert!(Instant::now() < patience, "the leases do not run out");
        tokio::time::sleep(ttl).await;
    }
}

/// Takes what is due, and finds the timers that are. Those that were woken have no order that all stores share.
async fn due_now(store: &Store, dice: &mut Dice) -> String {
    if dice.roll(3) == 0 {
        lose_the_leases(store).await;
    }
    let shards = [&[0_u16][..], &[1], &[0, 1]][dice.roll(3) as usize];
    let running = [dice.roll(6).to_string()];
    let suspicion = Suspicion::ALL[[0, 0, 0, 1, 1, 2][dice.roll(6) as usize]];
    let take =
        TakeSagas { saga: "order", subscription: "lossy", shards, running: &running, limit: 100, suspicion };
    let answer = side(store).take_sagas(take).await.expect("taken");
    let mut taken = answer.taken;
    taken.sort();
    let timers = side(store).due_timers("account", shards, 100).await.expect("found");
    let mut due = timers.due;
    due.sort_by_key(|timer| (timer.due_at, timer.stream.to_string(), timer.name.clone()));
    format!("{taken:?}, next {}; {due:?}, next {}", answer.next.is_some(), timers.next.is_some())
}

/// The append as the store is to see it: every store gives out tokens of its own.
fn with_token(append: &Append, first: u64) -> Append {
    let mut append = append.clone();
    append.together = append.together.map(|together| Box::new(with_token(&together, first)));
    if let Some(fence) = append.process.as_mut().and_then(|process| process.fence.as_mut()) {
        fence.token += first - 1;
    }
    append
}

/// What the same batches do on one store.
async fn story(store: &Store, seed: u64) -> Vec<(&'static str, String)> {
    let mut dice = Dice::new(seed);
    side(store).declare("s", 2, gesta::domain::Position::START).await.expect("declared");
    side(store).declare("lossy", 2, gesta::domain::Position::START).await.expect("declared");
    let worker = uuid::Uuid::now_v7();
    let claim = Claim { worker, subscriptions: &["s".into()], ttl: Duration::from_secs(3_600) };
    let leases = side(store).claim(claim).await.expect("claimed").remove(0).leases;
    assert_eq!(leases[0].token, leases[1].token, "taken at the same moment");
    let (mut versions, mut story) = (HashMap::new(), Vec::new());
    for _ in 0..BATCHES {
        let batch: Vec<_> = (0..=dice.roll(5)).map(|_| draw_pair(&mut dice, &mut versions)).collect();
        let fenced: Vec<_> = batch.iter().map(|append| with_token(append, leases[0].token)).collect();
        let outcomes = store.port().append(&fenced).await.expect("a batch is answered");
        for (append, outcome) in batch.iter().zip(outcomes) {
            story.push(match outcome {
                // Positions are numbered differently.
                Outcome::Appended(at) => ("appended", format!("{} of {append:?}", at.version)),
                Outcome::Duplicate(at) => ("duplicate", format!("{} of {append:?}", at.version)),
                Outcome::Conflict { .. } => ("conflict", format!("{outcome:?} of {append:?}")),
                Outcome::Fenced { .. } => ("fenced", format!("{outcome:?} of {append:?}")),
                Outcome::Apart { .. } => ("apart", format!("{outcome:?} of {append:?}")),
                _ => ("else", format!("{outcome:?} of {append:?}")),
            });
        }
        for id in 0..STREAMS {
            let question = append(&id.to_string(), Expected::Any, []);
            let Outcome::Appended(at) = store.port().append(&[question]).await.expect("answered").remove(0)
            else {
                unreachable!("it expects nothing")
            };
            versions.insert(id, at.version);
            story.push(("version", at.version.to_string()));
        }
        story.push(("due", due_now(store, &mut dice).await));
        story.extend(kept(store).await.into_iter().map(|line| ("kept", line)));
    }
    story
}

async fn agrees_with_memory(kind: Kind) {
    let mut seen = HashMap::new();
    for seed in 1..=2 {
        let database = Database::new(kind).await;
        let store = gesta::connect(database.url()).await.expect("a store");
        let expected = story(&Memory::new().into(), seed).await;
        let found = story(&store, seed).await;
        for (number, (expected, found)) in expected.iter().zip(&found).enumerate() {
            assert_eq!(expected, found, "seed {seed}, line {number}");
            *seen.entry(found.0).or_insert(0) += 1;
        }
        assert_eq!(expected.len(), found.len());
        store.port().close().await;
        database.remove().await;
    }
    assert!(seen.len() >= 8 && seen.values().all(|times| *times > 5), "not every case was seen: {seen:?}");
}

#[tokio::test]
async fn sqlite_keeps_what_memory_keeps() {
    agrees_with_memory(Kind::Sqlite).await;
}

#[tokio::test]
async fn postgres_keeps_what_memory_keeps() {
    agrees_with_memory(Kind::Postgres).await;
}
