//! Pages far from the end of the log on PostgreSQL: rows are visited while others arrive, and what is not known on the
//! way (a stream, a name, the rest of a row) makes no difference.

use std::ops::ControlFlow;

use gesta::{
    domain::Position,
    store::{Append, EventStore, Expected, NewEvent, Postgres, ReadLog},
};
use gesta_tests::{Database, Kind, append};

type Seen = Vec<(Position, String, String, usize)>;

/// An event, now and then one that is larger than what is visited at a time.
fn event(name: &'static str, number: usize) -> NewEvent {
    let length = if number.is_multiple_of(97) { 40_000 } else { number % 50 };
    NewEvent { name, version: 1, payload: format!("{number:length$}").into_bytes() }
}

async fn fill(store: &Postgres, streams: [&str; 2], name: &'static str, numbers: std::ops::Range<usize>) {
    for number in numbers.step_by(50) {
        let events = (number..number + 50).map(|number| event(name, number)).collect();
        let append = Append { events, ..append(streams[number / 50 % 2], Expected::Any, []) };
        store.append(&[append]).await.expect("an append");
    }
}

/// At most so many events after a position, and where the reading has come to; the visitor stops after `most`.
async fn read(store: &Postgres, after: Position, limit: u64, most: usize) -> (Seen, Position) {
    let mut seen = Vec::new();
    let mut visit = |found: gesta::store::LogEventRef<'_>| {
        let event = found.event;
        seen.push((event.position, event.name.to_owned(), found.stream.id().to_owned(), event.payload.len()));
        if seen.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let to = store.read_log(&ReadLog { after, limit }, &mut visit).await.expect("the log");
    (seen, to)
}

const ALL: u64 = 10_000;

#[tokio::test]
async fn what_is_not_known_on_the_way_is_looked_up_and_nothing_is_lost() {
    let database = Database::new(Kind::Postgres).await;
    let writer = Postgres::connect(database.url()).await.expect("a store");
    let reader = Postgres::connect(database.url()).await.expect("a store");
    fill(&writer, ["ann", "bob"], "account.deposited", 0..100).await;
    let (first, at) = read(&reader, Position::START, 100, usize::MAX).await;
    assert_eq!(first.len(), 100);

    fill(&writer, ["ann", "bob"], "account.deposited", 100..1_500).await;
    fill(&writer, ["bob", "eve"], "account.deposited", 1_500..2_000).await;
    fill(&writer, ["ann", "dan"], "account.withdrawn", 2_000..3_500).await;
    // A whole page of what is known: from here on the reader knows how far the log is final, and is far from there.
    let (second, at) = read(&reader, at, 10, usize::MAX).await;
    let rest = |seen: &Seen| [&first[..], &second, seen].concat();
    // A store of its own reads everything near the end.
    let fresh = Postgres::connect(database.url()).await.expect("a store");
    let (truth, end) = read(&fresh, Position::START, ALL, usize::MAX).await;
    assert_eq!(truth.len(), 3_500);

    for most in [1, 137, 1_450, 2_500, 3_000] {
        let again = Postgres::connect(database.url()).await.expect("a store");
        read(&again, Position::START, 110, usize::MAX).await;
        let (mut seen, to) = read(&again, at, ALL, most).await;
        assert_eq!((seen.len(), seen[most - 1].0), (most, to), "a visitor that stops after {most}");
        let (others, to) = read(&again, to, ALL, usize::MAX).await;
        seen.extend(others);
        assert_eq!((rest(&seen), to), (truth.clone(), end), "after a visitor that stopped after {most}");
        again.close().await;
    }
    let (seen, to) = read(&reader, at, ALL, usize::MAX).await;
    assert_eq!((rest(&seen), to), (truth, end));
    for store in [writer, reader, fresh] {
        store.close().await;
    }
    database.remove().await;
}
