//! What stands beside the events of a store is in a copy as well: keys of commands, parked deliveries, unfinished sagas,
//! instances of process managers, and schedules.

#![allow(missing_docs, reason = "a domain of a test needs no documentation")]

use std::{collections::HashMap, sync::Arc, time::Duration};

use gesta::{
    admin::{MigrateError, MigratedEvents, MigrationProgress, MigrationStage, migrate_events},
    domain::{Position, Receipt, Timestamp},
    log::{Log, LogEntry},
    prelude::*,
    store::{
        Advance, Append, Claim, Commit, DeliveryAction, DeliveryFilter, DeliveryState, DeliveryWrite,
        Document, DocumentWrite, Due, Expected, Lease, Memory, NewEvent, Outcome, ParkedDelivery,
        ProcessWrites, ReadSide, SagaFilter, SagaState, SagaStatus, SagaWrite, Store, StreamId, TimerWrite,
    },
};
use gesta_tests::{Dice, Forgetful, Forgets, Kind, Place};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct TillId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum TillEvent {
    Taken { cents: u64 },
}

#[aggregate(id = TillId, event = TillEvent)]
#[derive(Default)]
pub struct Till;

#[apply(TillEvent, ignore(Taken))]
impl Till {}

pub struct Take;

#[command_handler]
impl Till {
    fn take(_: Take) -> Result<TillEvent, std::convert::Infallible> {
        Ok(TillEvent::Taken { cents: 1 })
    }
}

gesta::domain! { pub Tills { aggregates: [Till] } }

const HOUR: i64 = 3_600_000_000;

fn till(n: u64) -> StreamId {
    StreamId::new("till", &n.to_string())
}

fn taken(count: u64) -> Vec<NewEvent> {
    let event = || NewEvent { name: "till.taken", version: 1, payload: br#"{"cents":1}"#.to_vec() };
    (0..count).map(|_| event()).collect()
}

fn side(store: &Store) -> &dyn ReadSide {
    store.port().read_side().expect("a read side")
}

async fn send(store: &Store, append: Append) -> Outcome {
    store.port().append(&[append]).await.unwrap().remove(0)
}

async fn must(store: &Store, append: Append) -> Receipt {
    match send(store, append).await {
        Outcome::Appended(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

async fn all(store: &Store) -> Vec<LogEntry> {
    Log::new(store.clone()).page(1_000_000).await.unwrap().events
}

async fn migrate(from: &Store, to: &Store) -> Result<MigratedEvents, MigrateError> {
    migrate_events::<Tills>(from, to, &mut |_| ()).await
}

fn keyed(stream: StreamId, events: u64, key: &str) -> Append {
    let mut append = Append::new(stream, Expected::Any, taken(events));
    append.key = Some(IdempotencyKey::new(key));
    append
}

/// Events of a few streams with keys, of which some have stored nothing: the keys, and for which stream.
async fn keyed_events(store: &Store, dice: &mut Dice, count: u64) -> Vec<(String, StreamId)> {
    let (mut keys, mut appends) = (Vec::new(), Vec::new());
    for n in 0..count {
        let (stream, key) = (till(dice.roll(9)), format!("k-{n}-{}", dice.roll(1_000_000)));
        appends.push(keyed(stream.clone(), dice.roll(4), &key));
        keys.push((key, stream));
        if dice.roll(3) == 0 {
            appends.push(Append::new(till(dice.roll(9)), Expected::Any, taken(1)));
        }
    }
    for batch in appends.chunks(50) {
        let outcomes = store.port().append(batch).await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))), "{outcomes:?}");
    }
    must(store, keyed(StreamId::new("till", "never"), 0, "nothing")).await;
    keys.push(("nothing".to_owned(), StreamId::new("till", "never")));
    keys
}

/// Where the events of one store are in the other.
async fn places(from: &Store, to: &Store) -> HashMap<Position, Position> {
    let (from, to) = (all(from).await, all(to).await);
    assert_eq!(from.len(), to.len());
    from.iter().zip(&to).map(|(from, to)| (from.position, to.position)).collect()
}

async fn keys_give_the_receipts_that_they_gave(from: &Store, to: &Store) {
    // Positions are others there.
    let mut dice = Dice::new(31);
    let keys = keyed_events(from, &mut dice, 1_300).await;
    let done = migrate(from, to).await.unwrap();
    assert_eq!(done.keys, keys.len() as u64);
    let places = places(from, to).await;
    for (n, (key, stream)) in keys.iter().enumerate() {
        let key = IdempotencyKey::new(key);
        let (_, receipt) = from.port().find_key(&key).await.unwrap().expect("a key");
        let position = places.get(&receipt.position).copied().unwrap_or_default();
        let expected = Receipt { position, ..receipt };
        let found = to.port().find_key(&key).await.unwrap().expect("the same key");
        assert_eq!(found, (stream.clone(), expected), "{key}");
        if n % 20 == 0 {
            let again = keyed(stream.clone(), 2, key.as_str());
            assert_eq!(send(to, again).await, Outcome::Duplicate(expected), "{key}");
        }
    }
    assert!(matches!(
        send(to, keyed(StreamId::new("till", "x"), 1, &keys[0].0)).await,
        Outcome::KeyReused { .. }
    ));
    assert_eq!(all(to).await.len(), all(from).await.len());

    // Again it finds all of them, and those that have come since.
    must(from, keyed(till(1), 0, "later and nothing")).await;
    must(from, keyed(till(1), 1, "later")).await;
    assert_eq!(migrate(from, to).await.unwrap().keys, done.keys + 2);

    // What a process manager has sent after an event is called by the place of that event.
    let event = all(from).await[7].position;
    must(from, keyed(till(2), 1, &format!("process.dormancy/ann/{event}/0"))).await;
    migrate(from, to).await.unwrap();
    let there = IdempotencyKey::new(format!("process.dormancy/ann/{}/0", places[&event]));
    assert!(to.port().find_key(&there).await.unwrap().is_some());
}

/// Deliveries in all states, of which some were decided about, and shards at places of their own.
async fn park(store: &Store) {
    let log = all(store).await;
    let side = side(store);
    side.declare("mailer", 4, Position::START).await.unwrap();
    let (worker, name) = (Uuid::from_u128(7), Arc::<str>::from("mailer"));
    let claim = Claim { worker, subscriptions: std::slice::from_ref(&name), ttl: Duration::from_secs(600) };
    let holding = side.claim(claim).await.unwrap().remove(0);
    let advances = holding.leases.iter().map(|lease| Advance {
        subscription: name.clone(),
        shard: lease.shard,
        token: lease.token,
        from: lease.position,
        to: log[40 + usize::from(lease.shard) * 7].position,
    });
    let states =
        [DeliveryState::Dead, DeliveryState::Waiting, DeliveryState::Retrying, DeliveryState::Permanent];
    let park = |n: usize| DeliveryWrite::Park {
        subscription: name.clone(),
        shard: u16::try_from(n % 5 % 4).unwrap(),
        stream: StreamId::new("till", &format!("lane-{}", n % 5)),
        position: log[n].position,
        version: log[n].version,
        event: log[n].name.clone(),
        state: states[n % 4],
        attempts: u32::try_from(n % 3).unwrap(),
        retry_in: Some(Duration::from_secs(900 + n as u64)),
        errors: vec![format!("error {n}"), "its \u{1F980} cause".to_owned()],
    };
    let deliveries = (3..30).map(park).collect();
    let commit = Commit { advances: advances.collect(), deliveries, ..Commit::default() };
    side.commit(&commit).await.unwrap();
    side.leave(worker).await.unwrap();
    let of = |n: usize| DeliveryFilter { position: Some(log[n].position), ..DeliveryFilter::default() };
    side.decide_deliveries(&of(4), &DeliveryAction::Discard, "ann", "not needed").await.unwrap();
    side.decide_deliveries(&of(12), &DeliveryAction::MarkPermanent, "bob", "stays").await.unwrap();
}

async fn parked(store: &Store) -> Vec<ParkedDelivery> {
    side(store).list_deliveries(&DeliveryFilter::default(), 1_000).await.unwrap()
}

async fn deliveries_stay_parked(from: &Store, to: &Store) {
    keyed_events(from, &mut Dice::new(32), 100).await;
    park(from).await;
    side(from).declare("paused", 2, Position::START).await.unwrap();
    side(from).set_paused("paused", true).await.unwrap();
    for _ in 0..2 {
        let done = migrate(from, to).await.unwrap();
        assert_eq!(done.deliveries, 27);
        let places = places(from, to).await;
        let expected = parked(from)
            .await
            .into_iter()
            .map(|parked| ParkedDelivery { position: places[&parked.position], ..parked });
        assert_eq!(parked(to).await, expected.collect::<Vec<_>>());
        let shards = [0, 1, 2, 3];
        let streams = async |store| {
            let mut streams = side(store).parked_streams("mailer", &shards).await.unwrap();
            streams.sort_by_key(StreamId::key);
            streams
        };
        assert_eq!(streams(from).await, streams(to).await);
        let (before, after) =
            (side(from).subscriptions(None).await.unwrap(), side(to).subscriptions(None).await.unwrap());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((&before.name, before.paused), (&after.name, after.paused));
            let moved =
                before.shards.iter().map(|shard| places.get(&shard.position).copied().unwrap_or_default());
            let found = after.shards.iter().map(|shard| shard.position);
            assert_eq!(found.collect::<Vec<_>>(), moved.collect::<Vec<_>>(), "{}", before.name);
            assert!(after.shards.iter().all(|shard| shard.owner.is_none()), "leases are not copied");
        }
        assert_eq!(before.len(), after.len());
    }
    // One that has gone from the source goes from the copy.
    let (position, stream) =
        parked(from).await.iter().map(|it| (it.position, it.stream.clone())).next().unwrap();
    let (name, worker) = (Arc::<str>::from("mailer"), Uuid::from_u128(8));
    let claim = Claim { worker, subscriptions: std::slice::from_ref(&name), ttl: Duration::from_secs(600) };
    let lease = side(from).claim(claim).await.unwrap().remove(0).leases.remove(0);
    let Lease { shard, token, position: at, .. } = lease;
    let advances = vec![Advance { subscription: name.clone(), shard, token, from: at, to: at }];
    let deliveries = vec![DeliveryWrite::Done { subscription: name, stream, position }];
    side(from).commit(&Commit { advances, deliveries, ..Commit::default() }).await.unwrap();
    assert_eq!(migrate(from, to).await.unwrap().deliveries, 26);
}

fn saga(id: &str, status: SagaStatus, due: Option<Due>) -> Append {
    let event = NewEvent { name: "saga.move.started", version: 1, payload: b"{}".to_vec() };
    let mut append = Append::new(StreamId::new("saga.move", id), Expected::Any, vec![event]);
    let saga = SagaWrite {
        saga: "move".into(),
        id: id.into(),
        shard: 3,
        status,
        step: Some("lift".to_owned()),
        attempts: 2,
        due,
        error: Some("too heavy".to_owned()),
        definition: (1, u64::MAX - 7),
    };
    append.process = Some(Box::new(ProcessWrites { saga: Some(saga), ..ProcessWrites::default() }));
    append
}

/// An instance of a process manager, or a schedule, with a timer.
fn instance(collection: &str, key: &str, body: &str, due: Timestamp) -> Append {
    let name: &'static str = String::leak(format!("{collection}.kept"));
    let event = NewEvent { name, version: 1, payload: b"{}".to_vec() };
    let mut append = Append::new(StreamId::new(collection, key), Expected::Any, vec![event]);
    append.documents = vec![DocumentWrite {
        collection: collection.into(),
        key: key.to_owned(),
        body: Some(body.as_bytes().to_vec()),
        indexes: Vec::new(),
        revision: 4,
        expected: None,
    }];
    let arm = |name: &str, armed| TimerWrite::Arm { name: name.into(), armed, shard: 5, due: Due::At(due) };
    let timers = vec![arm("due", u64::MAX - 1), arm("other", 3)];
    append.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
    append
}

/// Sagas in every status, instances and schedules: the position that a process manager has seen.
async fn unfinished(store: &Store) -> Position {
    let receipts = [must(store, keyed(till(1), 1, "a")).await, must(store, keyed(till(2), 3, "b")).await];
    let now = side(store).now().await.unwrap();
    let later = |hours: i64| Timestamp::from_micros(now.as_micros() + hours * HOUR);
    for (n, status) in SagaStatus::ALL.into_iter().enumerate() {
        must(store, saga(&format!("in-{n}"), status, Some(Due::At(later(-2))))).await;
        must(store, saga(&format!("wakes-{n}"), status, None)).await;
    }
    let seen = receipts[1].position;
    let kept = serde_json::to_string(&receipts[0]).unwrap();
    let body =
        format!(r#"{{"seen":{seen},"number":7,"timers":{{}},"state":{{"first": 1.50,"kept":{kept}}}}}"#);
    must(store, instance("process.dormancy", "ann", &body, later(1))).await;
    side(store).declare("process.dormancy", 8, seen).await.unwrap();
    must(store, instance("schedule", "s-1", r#"{"json": {"cents": 1}}"#, later(2))).await;
    must(store, instance("recurring", "tick", r#"{"rule":"every 1s"}"#, later(-1))).await;
    // An output that is a receipt.
    let payload =
        format!(r#"{{"step":"lift","attempt":1,"output":{{"debit":{kept},"n":1e2}}}}"#).into_bytes();
    let succeeded = NewEvent { name: "saga.move.step.succeeded", version: 1, payload };
    must(store, Append::new(StreamId::new("saga.move", "in-0"), Expected::Any, vec![succeeded])).await;
    seen
}

async fn sagas(store: &Store) -> Vec<SagaState> {
    let mut sagas = side(store).list_sagas(&SagaFilter::default(), 100).await.unwrap();
    for saga in &mut sagas {
        (saga.started_at, saga.updated_at) = (Timestamp::from_micros(0), Timestamp::from_micros(0));
    }
    sagas
}

async fn what_is_unfinished_goes_on(from: &Store, to: &Store) {
    let seen = unfinished(from).await;
    for _ in 0..2 {
        let done = migrate(from, to).await.unwrap();
        assert_eq!((done.sagas, done.sagas_unfinished, done.instances, done.timers), (12, 6, 3, 6));
        let places = places(from, to).await;
        assert_eq!(sagas(to).await, sagas(from).await);
        for (collection, key) in [("process.dormancy", "ann"), ("schedule", "s-1"), ("recurring", "tick")] {
            let stream = StreamId::new(collection, key);
            let timers = side(to).timers_of(&stream).await.unwrap();
            assert_eq!((timers.len(), &timers), (2, &side(from).timers_of(&stream).await.unwrap()));
            let load = async |store| {
                side(store).load_documents(collection, &[key]).await.unwrap().remove(0).unwrap()
            };
            let (before, after): (Document, Document) = (load(from).await, load(to).await);
            assert_eq!(before.revision, after.revision);
            if collection != "process.dormancy" {
                assert_eq!(before.body, after.body);
                continue;
            }
            let receipt = from.port().find_key(&"a".into()).await.unwrap().unwrap().1;
            let moved = Receipt { position: places[&receipt.position], ..receipt };
            let (kept, seen) = (serde_json::to_string(&moved).unwrap(), places[&seen]);
            let body = format!(
                r#"{{"seen":{seen},"number":7,"timers":{{}},"state":{{"first": 1.50,"kept":{kept}}}}}"#
            );
            assert_eq!(String::from_utf8(after.body.unwrap()).unwrap(), body);
            let log = all(to).await;
            let output = log.iter().find(|entry| entry.name == "saga.move.step.succeeded").unwrap();
            let payload = format!(r#"{{"step":"lift","attempt":1,"output":{{"debit":{kept},"n":1e2}}}}"#);
            assert_eq!(String::from_utf8(output.payload.clone()).unwrap(), payload);
        }
    }
    // What has gone from the source since goes from the copy.
    let mut sent = Append::new(StreamId::new("schedule", "s-1"), Expected::Any, Vec::new());
    sent.documents = instance("schedule", "s-1", "", Timestamp::from_micros(0)).documents;
    sent.documents[0].body = None;
    let timers = ["due", "other"].map(|name| TimerWrite::Disarm { name: name.into(), armed: None }).into();
    sent.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
    must(from, sent).await;
    let done = migrate(from, to).await.unwrap();
    assert_eq!((done.instances, done.timers), (2, 4));
    assert!(side(to).timers_of(&StreamId::new("schedule", "s-1")).await.unwrap().is_empty());
}

async fn what_a_copy_forgets_is_noticed(from: &Store, to: &Store) {
    keyed_events(from, &mut Dice::new(33), 60).await;
    park(from).await;
    unfinished(from).await;
    for forgets in Forgets::ALL {
        // A new one for each: what an earlier run has kept would be there.
        let forgetful = Store::new(Forgetful::new(Memory::new().into(), forgets));
        let is_told = match migrate(from, &forgetful).await {
            Err(MigrateError::DifferentKey { .. }) => forgets == Forgets::Keys,
            Err(MigrateError::DifferentBeside { .. }) => forgets != Forgets::Keys,
            other => panic!("{forgets:?}: {other:?}"),
        };
        assert!(is_told, "{forgets:?}");
    }
    migrate(from, to).await.expect("nothing is forgotten");
}

async fn what_comes_meanwhile_is_told(from: &Store, to: &Store) {
    keyed_events(from, &mut Dice::new(34), 20).await;
    let mut fresh = 0;
    for what in ["an event", "a key", "a saga"] {
        let mut added = false;
        let mut report = |progress: MigrationProgress| {
            if progress.stage != MigrationStage::Beside || std::mem::replace(&mut added, true) {
                return;
            }
            fresh += 1;
            let append = match what {
                "an event" => Append::new(till(1), Expected::Any, taken(1)),
                "a key" => keyed(till(1), 1, &format!("fresh-{fresh}")),
                _ => saga("fresh", SagaStatus::Running, None),
            };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(must(from, append)));
        };
        let error = migrate_events::<Tills>(from, to, &mut report).await.expect_err("it has grown");
        let grown = matches!(error, MigrateError::Grown { .. } | MigrateError::Refused { .. });
        assert!(grown, "{what}: {error}");
        migrate(from, to).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    assert_eq!(sagas(to).await.len(), 1);
}

/// From each kind of store into each kind that it is likely to be copied into.
macro_rules! between_stores {
    ($($name:ident: $from:expr => $to:expr;)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            between_stores!(@tests ($from) ($to) keys_give_the_receipts_that_they_gave deliveries_stay_parked
                what_is_unfinished_goes_on what_a_copy_forgets_is_noticed what_comes_meanwhile_is_told);
        }
    )+};
    (@tests ($from:expr) ($to:expr) $($test:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let (from, to) = (Place::new($from).await, Place::new($to).await);
            let (source, target) = (from.open().await, to.open().await);
            let test = super::$test(&source, &target);
            tokio::time::timeout(Duration::from_secs(300), test).await.expect("it comes to an end");
            from.remove().await;
            to.remove().await;
        }
    )+};
}

between_stores! {
    memory: None => None;
    sqlite: Some(Kind::Sqlite) => Some(Kind::Sqlite);
    sqlite_to_postgres: Some(Kind::Sqlite) => Some(Kind::Postgres);
    postgres_to_sqlite: Some(Kind::Postgres) => Some(Kind::Sqlite);
}
