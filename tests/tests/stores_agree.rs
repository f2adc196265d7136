//! Batches made by dice have the same outcomes on every store: whatever is in them, the databases decide as the
//! readable reference does.

use std::{collections::HashMap, ops::ControlFlow};

use gesta::{
    domain::{Indexed, Position, Receipt},
    store::{Append, DocumentWrite, Expected, LogEventRef, Memory, Outcome, ReadLog, Store},
};
use gesta_tests::{Database, Dice, Kind, append, keyed};

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
async fn outcomes(store: &Store, seed: u64, documented: bool) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let mut versions = HashMap::new();
    let mut told = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..BATCHES {
        let mut batch: Vec<_> = (0..=dice.roll(9)).map(|_| draw(&mut dice, &versions)).collect();
        if documented {
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
    told.into_iter().map(tell).chain([format!("in the end: documents {kept:?}")]).collect()
}

async fn agrees_with_memory(kind: Kind, documented: bool) {
    let mut seen = HashMap::new();
    for seed in 1..=3 {
        let database = Database::new(kind).await;
        let store = gesta::connect(database.url()).await.expect("a store");
        let expected = outcomes(&Memory::new().into(), seed, documented).await;
        let found = outcomes(&store, seed, documented).await;
        for (number, (expected, found)) in expected.iter().zip(&found).enumerate() {
            assert_eq!(expected, found, "seed {seed}, append {number}");
            let kind = found.split(": ").nth(1).and_then(|outcome| outcome.split(' ').next());
            *seen.entry(kind.expect("an outcome").to_owned()).or_insert(0) += 1;
        }
        store.port().close().await;
        database.remove().await;
    }
    assert!(
        seen.len() == 5 && seen.iter().all(|(kind, times)| *times > 15 || kind == "documents"),
        "not every case was seen: {seen:?}"
    );
}

#[tokio::test]
async fn postgres_decides_as_memory_does() {
    agrees_with_memory(Kind::Postgres, false).await;
}

#[tokio::test]
async fn postgres_decides_about_documents_as_memory_does() {
    agrees_with_memory(Kind::Postgres, true).await;
}

#[tokio::test]
async fn sqlite_decides_as_memory_does() {
    agrees_with_memory(Kind::Sqlite, false).await;
}
