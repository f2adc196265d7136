//! A store is copied into a new one, every event in its newest version, and nothing else is different.

#![allow(missing_docs, reason = "a domain of a test needs no documentation")]

use gesta::{
    admin::{MigrateError, MigratedEvents, MigrationProgress, MigrationStage, RECORDED_AT, migrate_events},
    log::{Log, LogEntry},
    prelude::*,
    store::{
        Append, Expected, Member, NewEvent, Outcome, ProcessWrites, Program, SagaStatus, SagaWrite, Store,
        StreamId,
    },
};
use gesta_tests::{Dice, Kind, Place};
use std::{convert::Infallible, time::Duration};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct TillId(pub String);

/// As it is today: `till.taken` was stored without a reason once, and `till.filled` by another name inside.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum TillEvent {
    Opened {
        owner: String,
    },
    #[event(version = 3, from(TakenV1, TakenV2))]
    Taken {
        cents: u64,
        reason: String,
        checked: bool,
    },
}

#[derive(serde::Deserialize, Schema)]
pub struct TakenV1 {
    cents: u64,
}

#[derive(serde::Deserialize, Schema)]
pub struct TakenV2 {
    cents: u64,
    reason: String,
}

impl From<TakenV1> for TakenV2 {
    fn from(old: TakenV1) -> Self {
        Self { cents: old.cents, reason: "not recorded".into() }
    }
}

impl From<TakenV2> for TillEvent {
    fn from(old: TakenV2) -> Self {
        Self::Taken { cents: old.cents, reason: old.reason, checked: false }
    }
}

#[aggregate(id = TillId, event = TillEvent)]
#[derive(Default)]
pub struct Till {
    taken: u64,
}

#[apply(TillEvent, ignore(Opened))]
impl Till {
    fn taken(&mut self, cents: &u64) {
        self.taken += cents;
    }
}

pub struct Open;

#[command_handler]
impl Till {
    fn open(_: Open) -> Result<TillEvent, Infallible> {
        Ok(TillEvent::Opened { owner: "somebody".into() })
    }
}

gesta::domain! { pub Tills { aggregates: [Till] } }

fn taken(version: u16, cents: u64) -> NewEvent {
    let payload = match version {
        1 => format!(r#"{{"cents":{cents}}}"#),
        2 => format!(r#"{{"cents":{cents},"reason":"rent"}}"#),
        // Spaces are kept: what is of the newest version stays as it is.
        _ => format!(r#"{{ "cents": {cents}, "reason": "food", "checked": true }}"#),
    };
    NewEvent { name: "till.taken", version, payload: payload.into_bytes() }
}

/// Appends of one to three events of any version to a few streams.
async fn fill(store: &Store, dice: &mut Dice, appends: u64) {
    for number in 0..appends {
        let stream = StreamId::new("till", &dice.roll(7).to_string());
        let mut events = Vec::new();
        for _ in 0..=dice.roll(3) {
            events.push(taken(1 + u16::try_from(dice.roll(3)).unwrap(), dice.roll(1_000)));
        }
        let mut append = Append::new(stream, Expected::Any, events);
        append.key = Some(IdempotencyKey::new(format!("{number}-{}", dice.roll(u64::from(u32::MAX)))));
        append.meta.actor = (dice.roll(2) == 0).then(|| "ann".to_owned());
        must(store, append).await;
    }
    let told = NewEvent { name: "gesta.told", version: 1, payload: b"{}".to_vec() };
    must(store, Append::new(StreamId::new("gesta", "x"), Expected::Any, vec![told])).await;
}

async fn must(store: &Store, append: Append) -> Receipt {
    match store.port().append(&[append]).await.unwrap().remove(0) {
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

/// How an instance of a saga stands.
fn saga(id: &str, status: SagaStatus) -> Append {
    let event = NewEvent { name: "saga.move.started", version: 1, payload: b"{}".to_vec() };
    let mut append = Append::new(StreamId::new("saga.move", id), Expected::Any, vec![event]);
    let saga = SagaWrite {
        saga: "move".into(),
        id: id.into(),
        shard: 0,
        status,
        step: None,
        attempts: 1,
        due: None,
        error: None,
        definition: (1, u64::MAX),
    };
    append.process = Some(Box::new(ProcessWrites { saga: Some(saga), ..ProcessWrites::default() }));
    append
}

async fn a_copy_differs_in_versions_alone(from: &Store, to: &Store) {
    let mut dice = Dice::new(5);
    fill(from, &mut dice, 900).await;
    must(from, saga("done", SagaStatus::Completed)).await;
    let side = from.port().read_side().unwrap();
    let original = all(from).await;
    let middle = original[original.len() / 2].position;
    side.declare("mailer", 4, middle).await.unwrap();
    side.declare("balance@2", 4, middle).await.unwrap();

    let mut stages = Vec::new();
    let mut report = |progress: MigrationProgress| {
        assert!(progress.position <= progress.end);
        stages.push(progress.stage);
    };
    let done = migrate_events::<Tills>(from, to, &mut report).await.unwrap();
    assert!(stages.contains(&MigrationStage::Copying) && stages.contains(&MigrationStage::Comparing));
    assert_eq!((done.events, done.found, done.sagas), (original.len() as u64, 0, 1));
    assert_eq!(done.subscriptions, ["mailer"]);
    assert_eq!(done.upcast.len(), 2, "{:?}", done.upcast);

    let copied = all(to).await;
    assert_eq!(copied.len(), original.len());
    for (before, after) in original.iter().zip(&copied) {
        assert_eq!(
            (&before.stream, before.version, &before.name),
            (&after.stream, after.version, &after.name)
        );
        let mut meta = after.meta().unwrap();
        assert_eq!(meta.values.remove(RECORDED_AT), Some(before.recorded_at.to_string()));
        assert_eq!(meta, before.meta().unwrap());
        if before.name == "till.taken" {
            assert_eq!(after.type_version, 3);
            assert_eq!(after.decode::<TillEvent>().unwrap(), before.decode::<TillEvent>().unwrap());
        }
        if before.type_version == after.type_version {
            assert_eq!(before.payload, after.payload);
        }
    }
    let place = copied[original.len() / 2].position;
    let state = to.port().read_side().unwrap().subscriptions(Some("mailer")).await.unwrap().remove(0);
    assert_eq!((state.shards.len(), state.position()), (4, place));
    assert!(to.port().read_side().unwrap().subscriptions(Some("balance@2")).await.unwrap().is_empty());

    // Again it finds everything, and what has come since.
    let again = migrate(from, to).await.unwrap();
    assert_eq!((again.events, again.found), (done.events, done.events));
    fill(from, &mut dice, 20).await;
    let more = migrate(from, to).await.unwrap();
    assert_eq!(more.found, done.events);
    assert_eq!(all(to).await.len(), all(from).await.len());
}

async fn a_copy_that_was_cut_off_is_gone_on_with(from: &Store, to: &Store) {
    let mut dice = Dice::new(6);
    fill(from, &mut dice, 1_200).await;
    let mut cut = 0;
    loop {
        // Dropped after some of the batches: what is stored by then is a beginning.
        let mut left = 1 + dice.roll(3);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let mut stop = Some(stop);
        let mut report = |_| {
            left = left.saturating_sub(1);
            if left == 0 {
                drop(stop.take());
            }
        };
        tokio::select! {
            biased;
            _ = stopped => cut += 1,
            done = migrate_events::<Tills>(from, to, &mut report) => {
                match done {
                    Ok(done) => {
                        assert_eq!(done.events, all(from).await.len() as u64);
                        break;
                    }
                    // An append of the run before was still on its way when this one looked.
                    Err(MigrateError::Refused { .. }) => continue,
                    Err(other) => panic!("{other}"),
                }
            }
        }
        let (copied, original) = (all(to).await, all(from).await);
        let same =
            copied.iter().zip(&original).all(|(a, b)| (&a.stream, a.version) == (&b.stream, b.version));
        assert!(same && copied.len() <= original.len());
        if cut > 6 {
            break;
        }
    }
    // In memory everything is done before anybody could stop it.
    assert!(cut > 0 || format!("{to:?}").contains("Memory"), "it was never cut off");
    let mut done = migrate(from, to).await;
    while matches!(done, Err(MigrateError::Refused { .. })) {
        done = migrate(from, to).await;
    }
    assert!(done.unwrap().found > 0);
    assert_eq!(all(to).await.len(), all(from).await.len());
}

async fn what_cannot_be_a_copy_is_refused(from: &Store, to: &Store) {
    must(from, saga("half", SagaStatus::Running)).await;
    let program = Program { domain: "Tills".into(), shapes: Vec::new() };
    let (id, release, process) = (Uuid::from_u128(9), "till 2".to_owned(), 1);
    let member = Member { id, release, process, program: program.into() };
    let fleet = from.port().fleet().expect("a fleet");
    assert!(fleet.join(&member, None, Duration::from_secs(600)).await.unwrap());
    // Who runs there and here would go on with it twice.
    let error = migrate(from, to).await.unwrap_err();
    assert!(error.to_string().contains("till 2 runs on the source"), "{error}");
    assert!(error.to_string().contains("1 of the saga `move` running"), "{error}");
    fleet.depart(id).await.unwrap();
    assert!(matches!(migrate(from, from).await, Err(MigrateError::SameStore)));
    must(from, Append::new(StreamId::new("till", "1"), Expected::Any, vec![taken(3, 1)])).await;

    let strange = NewEvent { name: "cat.born", version: 1, payload: b"{}".to_vec() };
    must(to, Append::new(StreamId::new("cat", "tom"), Expected::Any, vec![strange])).await;
    let error = migrate(from, to).await.unwrap_err();
    assert!(matches!(error, MigrateError::NotACopy { .. }), "{error}");
    let error = migrate(to, from).await.unwrap_err();
    assert!(matches!(error, MigrateError::NotACopy { .. }), "{error}");
}

async fn a_difference_is_noticed(from: &Store, to: &Store) {
    let first = Append::new(StreamId::new("till", "1"), Expected::Any, vec![taken(1, 5), taken(2, 6)]);
    must(from, first).await;
    // As if somebody had copied it wrongly: the amount is another one.
    must(to, Append::new(StreamId::new("till", "1"), Expected::Any, vec![taken(3, 7), taken(3, 6)])).await;
    let error = migrate(from, to).await.unwrap_err();
    assert!(matches!(error, MigrateError::Different { version: 1, .. }), "{error}");

    let strange = NewEvent { name: "cat.born", version: 1, payload: b"{}".to_vec() };
    must(from, Append::new(StreamId::new("cat", "tom"), Expected::Any, vec![strange])).await;
    let error = migrate(from, to).await.unwrap_err();
    assert!(matches!(error, MigrateError::Stranger { .. }), "{error}");
}

/// From each kind of store into each kind that it is likely to be copied into.
macro_rules! between_stores {
    ($($name:ident: $from:expr => $to:expr;)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            between_stores!(@tests ($from) ($to) a_copy_differs_in_versions_alone
                a_copy_that_was_cut_off_is_gone_on_with what_cannot_be_a_copy_is_refused a_difference_is_noticed);
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
    postgres: Some(Kind::Postgres) => Some(Kind::Postgres);
    sqlite_to_postgres: Some(Kind::Sqlite) => Some(Kind::Postgres);
}
