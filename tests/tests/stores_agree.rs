//! Batches made by dice have the same outcomes on every store: whatever is in them, the databases decide as the
//! readable reference does.

use std::{collections::HashMap, ops::ControlFlow, time::Duration};

use gesta::{
    domain::{Indexed, Position, Receipt, Timestamp},
    store::{
        Append, Claim, DocumentWrite, Due, Expected, Fence, Lease, LogEventRef, Memory, Outcome,
        ProcessWrites, ReadLog, SagaFilter, SagaState, SagaStatus, SagaWrite, Store, TimerWrite,
    },
};
use gesta_tests::{Database, Dice, Kind, append, keyed, stream};

const BATCHES: usize = 100;

/// An append to one of few streams: often at the version that it has, with few keys that are often used again.
fn draw(dice: &mut Dice, versions: &HashMap<String, u64>) -> Append {
    let id = dice.roll(5).to_string();
    let version = versions.get(&id).copied().unwrap_or_default();
    let expected = match dice.roll(10) {
        0..=2 => Expected::Any,
        3..=6 => Expected::Version(version + dice.roll(3)),
        7 | 8 => Expected::Version(version),
        _ => Expected::Version(dice.roll(30)),
    };
    let payloads = ["1", "2", "3"].into_iter().take(dice.roll(4) as usize);
    let drawn = append(&id, expected, payloads);
    if dice.roll(3) == 0 { keyed(drawn, dice.roll(150).to_string()) } else { drawn }
}

/// Gives an append documents: usually one that follows what its stream has, sometimes one that does not, or one that
/// several streams write. What is expected of it is kept in `revisions` as if all of it were stored.
fn with_documents(mut append: Append, dice: &mut Dice, revisions: &mut HashMap<String, u64>) -> Append {
    for (key, rarely) in [(append.stream.id().to_owned(), 2), ("shared".to_owned(), 8)] {
        if dice.roll(rarely) > 0 {
            continue;
        }
        let known = revisions.get(&key).copied().unwrap_or_default();
        let expected = match dice.roll(20) {
            0 => None,
            1 => Some(dice.roll(5)),
            _ => Some(known),
        };
        let revision = known + 1 + dice.roll(3);
        let body = (dice.roll(5) > 0).then(|| revision.to_string().into_bytes());
        revisions.insert(key.clone(), if body.is_none() && expected.is_none() { 0 } else { revision });
        append.documents.push(DocumentWrite {
            collection: "drawn@1".into(),
            key,
            indexes: vec![("revision", revision.index_key())],
            body,
            revision,
            expected,
        });
    }
    append
}

/// Gives an append another one that it is stored together with, and what sagas and timers store beside it.
fn with_company(append: Append, dice: &mut Dice, versions: &HashMap<String, u64>, lease: &Lease) -> Append {
    let mut append = with_process(append, dice, lease);
    if dice.roll(2) == 0 {
        let other = with_process(Append { key: None, ..draw(dice, versions) }, dice, lease);
        if other.stream != append.stream {
            append.together = Some(Box::new(other));
        }
    }
    append
}

fn with_process(append: Append, dice: &mut Dice, lease: &Lease) -> Append {
    let fence = |token| Fence { subscription: lease.subscription.clone(), shard: lease.shard, token };
    let instance = |n: u64| (["one", "two"][(n % 2) as usize].into(), (n / 2).to_string());
    let due = |n: u64| match n {
        0 => None,
        1 => Some(Due::In(Duration::ZERO)),
        _ => Some(Due::At(Timestamp::from_micros(4_000_000_000_000_000 + n.cast_signed()))),
    };
    let saga = (dice.roll(2) == 0).then(|| {
        let (saga, id) = instance(dice.roll(6));
        let shard = dice.roll(3) as u16;
        let status = SagaStatus::ALL[dice.roll(6) as usize];
        let step = (dice.roll(3) > 0).then(|| dice.roll(3).to_string());
        let (attempts, due) = (dice.roll(3) as u32, due(dice.roll(4)));
        SagaWrite { saga, id, shard, status, step, attempts, due, error: None, definition: (1, u64::MAX - 1) }
    });
    let timers = (0..dice.roll(3)).map(|_| {
        let (name, armed) = (["x", "y"][dice.roll(2) as usize].into(), dice.roll(3));
        match dice.roll(3) {
            0 => TimerWrite::Disarm { name, armed: None },
            1 => TimerWrite::Disarm { name, armed: Some(armed) },
            _ => TimerWrite::Arm { name, armed, shard: 1, due: due(2 + dice.roll(2)).expect("a time") },
        }
    });
    let process = ProcessWrites {
        timers: timers.collect(),
        fence: match dice.roll(12) {
            0 => Some(fence(lease.token + 7)),
            1..=4 => Some(fence(lease.token)),
            _ => None,
        },
        saga,
        wakes: (0..dice.roll(3)).map(|_| instance(dice.roll(6))).collect(),
    };
    Append { process: (dice.roll(3) > 0).then(|| Box::new(process)), ..append }
}

/// How instances and timers stand, apart from the time.
async fn instances(store: &Store) -> String {
    let read_side = store.port().read_side().expect("it keeps sagas");
    let now = read_side.now().await.expect("a clock");
    let due = |at: Option<Timestamp>| at.map(|at| if at <= now { Timestamp::from_micros(0) } else { at });
    let mut told = String::new();
    for SagaState { saga, id, shard, status, step, attempts, due_at, definition, .. } in
        read_side.list_sagas(&SagaFilter::default(), 100).await.expect("listed")
    {
        let due = due(due_at);
        told += &format!("{saga} {id} {shard} {status:?} {step:?} {attempts} {due:?} {definition:?}\n");
    }
    for id in ["0", "1", "2", "3", "4"] {
        told += &format!("{:?}\n", read_side.timers_of(&stream(id)).await.expect("timers"));
    }
    told
}

/// What there is of the documents.
async fn documents(store: &Store) -> Vec<(String, u64)> {
    let keys = ["0", "1", "2", "3", "4", "shared"];
    let read_side = store.port().read_side().expect("it keeps documents");
    let kept = read_side.load_documents("drawn@1", &keys).await.expect("readable");
    keys.iter()
        .zip(kept)
        .filter_map(|(key, kept)| Some((format!("{key}: {:?}", kept.as_ref()?.body), kept?.revision)))
        .collect()
}

/// Where each position of the log is: stores number them differently.
async fn places(store: &Store) -> HashMap<Position, (String, u64)> {
    let mut places = HashMap::from([(Position::START, (String::new(), 0))]);
    let mut visit = |LogEventRef { stream, event }: LogEventRef<'_>| {
        places.insert(event.position, (stream.id().to_owned(), event.version));
        ControlFlow::Continue(())
    };
    let all = ReadLog { after: Position::START, limit: 1_000_000 };
    store.port().read_log(&all, &mut visit).await.expect("the log");
    places
}

/// The outcomes of the same batches on one store, with positions as places in streams.
async fn outcomes(store: &Store, seed: u64, drawn: Drawn) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let lease = lease(store).await;
    let mut versions = HashMap::new();
    let mut told = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..BATCHES {
        let mut batch: Vec<_> = (0..=dice.roll(9)).map(|_| draw(&mut dice, &versions)).collect();
        if drawn.accompanied {
            batch =
                batch.into_iter().map(|append| with_company(append, &mut dice, &versions, &lease)).collect();
        }
        if drawn.documented {
            kept = documents(store).await;
            let mut revisions = kept
                .iter()
                .map(|(text, revision)| (text.split(':').next().unwrap_or_default().to_owned(), *revision))
                .collect();
            batch =
                batch.into_iter().map(|append| with_documents(append, &mut dice, &mut revisions)).collect();
        }
        let outcomes = store.port().append(&batch).await.expect("a batch is answered");
        for (append, outcome) in batch.iter().zip(&outcomes) {
            if let Outcome::Appended(receipt) = outcome {
                versions.insert(append.stream.id().to_owned(), receipt.version);
                if let Some(other) = &append.together {
                    let known = versions.entry(other.stream.id().to_owned()).or_default();
                    *known += other.events.len() as u64;
                }
            }
        }
        told.extend(batch.into_iter().zip(outcomes));
    }
    let places = places(store).await;
    let place = |Receipt { version, position, events }: Receipt| {
        format!("version {version}, {events} events, at {:?}", places.get(&position))
    };
    let tell = |(append, outcome): (Append, Outcome)| {
        let outcome = match outcome {
            Outcome::Appended(receipt) => format!("appended {}", place(receipt)),
            Outcome::Duplicate(receipt) => format!("duplicate {}", place(receipt)),
            other => format!("{other:?}"),
        };
        let key = append.key.map(|key| key.to_string());
        let (stream, expected, events) = (append.stream, append.expected, append.events.len());
        format!("{stream}, {expected:?}, {events} events, key {key:?}: {outcome}")
    };
    let instances = instances(store).await;
    told.into_iter().map(tell).chain([format!("in the end: documents {kept:?}, {instances}")]).collect()
}

/// What stands in the batches beside events.
#[derive(Clone, Copy, Default)]
struct Drawn {
    documented: bool,
    accompanied: bool,
}

/// The lease of a shard.
async fn lease(store: &Store) -> Lease {
    let read_side = store.port().read_side().expect("it keeps leases");
    read_side.declare("drawn", 1, Position::START).await.expect("declared");
    let names = ["drawn".into()];
    let claim =
        Claim { worker: uuid::Uuid::from_u128(1), subscriptions: &names, ttl: Duration::from_secs(600) };
    read_side.claim(claim).await.expect("claimed").remove(0).leases.remove(0)
}

async fn agrees_with_memory(kind: Kind, drawn: Drawn) {
    let mut seen = HashMap::new();
    for seed in 1..=3 {
        let database = Database::new(kind).await;
        let store = gesta::connect(database.url()).await.expect("a store");
        let expected = outcomes(&Memory::new().into(), seed, drawn).await;
        let found = outcomes(&store, seed, drawn).await;
        for (number, (expected, found)) in expected.iter().zip(&found).enumerate() {
            assert_eq!(expected, found, "seed {seed}, append {number}");
            let kind = found.split(": ").nth(1).and_then(|outcome| outcome.split(' ').next());
            *seen.entry(kind.expect("an outcome").to_owned()).or_insert(0) += 1;
        }
        store.port().close().await;
        database.remove().await;
    }
    let kinds = if drawn.accompanied { 7 } else { 5 };
    assert!(
        seen.len() == kinds && seen.iter().all(|(kind, times)| *times > 4 || kind == "documents"),
        "not every case was seen: {seen:?}"
    );
}

const DOCUMENTS: Drawn = Drawn { documented: true, accompanied: false };
const SAGAS: Drawn = Drawn { documented: false, accompanied: true };
const ALL: Drawn = Drawn { documented: true, accompanied: true };

#[tokio::test]
async fn postgres_decides_as_memory_does() {
    agrees_with_memory(Kind::Postgres, Drawn::default()).await;
}

#[tokio::test]
async fn postgres_decides_about_documents_as_memory_does() {
    agrees_with_memory(Kind::Postgres, DOCUMENTS).await;
}

#[tokio::test]
async fn postgres_decides_about_sagas_as_memory_does() {
    agrees_with_memory(Kind::Postgres, SAGAS).await;
    agrees_with_memory(Kind::Postgres, ALL).await;
}

#[tokio::test]
async fn sqlite_decides_as_memory_does() {
    agrees_with_memory(Kind::Sqlite, Drawn::default()).await;
}

#[tokio::test]
async fn sqlite_decides_about_sagas_as_memory_does() {
    agrees_with_memory(Kind::Sqlite, ALL).await;
}
