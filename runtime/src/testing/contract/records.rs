//! What is recorded of what programs store, and what of it is stored.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::{Fixture, Subject, fleet::*, follow::*, kit::*, process_kit::*};
use crate::{
    domain::{Meta, Position},
    store::{
        Append, DefinitionCount, EventCount, Expected, KnownShape, Member, NewEvent, Program, RecordedShape,
        Records, SagaStatus, SagaWrite, ShapeKind, Store, StreamId, Suspects,
    },
};

/// A version of an event of the category `contract`.
pub(super) fn event(name: &str, version: u16, fingerprint: u64, shape: &str) -> KnownShape {
    KnownShape {
        kind: ShapeKind::Event,
        owner: "contract".to_owned(),
        name: name.to_owned(),
        version,
        fingerprint,
        shape: shape.to_owned(),
        written: true,
    }
}

/// Joins with a program that knows these, and leaves.
async fn record<const N: usize>(store: &Store, shapes: [KnownShape; N]) -> Member {
    let program = Program { domain: "Contract".to_owned(), shapes: shapes.into() };
    let member = Member { program: Arc::new(program), ..member(1) };
    join(store, &member, LONG).await;
    fleet(store).depart(member.id).await.expect("a member can leave");
    member
}

async fn recorded(store: &Store) -> Vec<RecordedShape> {
    survey(store).await.recorded
}

/// An append of one event of this name and version.
fn one(category: &str, id: &str, name: &'static str, version: u16) -> Append {
    Append {
        stream: StreamId::new(category, id),
        expected: Expected::Any,
        key: None,
        meta: Meta::default(),
        events: vec![NewEvent { name, version, payload: b"{}".to_vec() }],
        documents: vec![],
        process: None,
        together: None,
    }
}

/// What a program knows stays recorded when it is gone, with all that is known of it; the first that says so counts.
pub async fn what_is_recorded_first_stays<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let first = [
        event("a", 1, u64::MAX, "{a:string}"),
        KnownShape { written: false, ..event("a", 2, 1 << 63, "{\"ü\":u8}") },
        event("b", u16::MAX, 7, ""),
    ];
    let before = side(&store).now().await.expect("the time");
    let member = record(&store, first.clone()).await;
    let after = side(&store).now().await.expect("the time");
    record(&other, [event("a", 1, 2, "{other:u64}"), event("b", 1, 3, "{}")]).await;
    let recorded = recorded(&other).await;
    let shapes: Vec<&KnownShape> = recorded.iter().map(|recorded| &recorded.shape).collect();
    let later = event("b", 1, 3, "{}");
    assert_eq!(shapes, [&first[0], &first[1], &later, &first[2]]);
    for RecordedShape { release, recorded_at, .. } in [&recorded[0], &recorded[1], &recorded[3]] {
        assert_eq!(*release, member.release);
        assert!(before <= *recorded_at && *recorded_at <= after, "{before} <= {recorded_at} <= {after}");
    }
}

/// Only the owners that were asked for are told of, each kind for itself.
pub async fn only_what_was_asked_for_is_told<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let of = |kind, owner: &str| KnownShape { kind, owner: owner.to_owned(), ..event("a", 1, 1, "{}") };
    let all = [
        of(ShapeKind::Event, "Contract"),
        of(ShapeKind::Event, "contract"),
        of(ShapeKind::Saga, "contract"),
        of(ShapeKind::Snapshot, "contract"),
    ];
    record(&store, all.clone()).await;
    let ask = async |owners: &[(ShapeKind, &str)]| {
        let survey = fleet(&store).survey(owners).await.expect("a survey");
        survey.recorded.into_iter().map(|recorded| recorded.shape).collect::<Vec<_>>()
    };
    assert_eq!(ask(&[]).await, []);
    assert_eq!(ask(&[(ShapeKind::Event, "contract")]).await, all[1..2]);
    let two = [(ShapeKind::Snapshot, "contract"), (ShapeKind::Saga, "contract"), (ShapeKind::Saga, "nobody")];
    assert_eq!(ask(&two).await, all[2..]);
    assert_eq!(ask(&[(ShapeKind::Event, "contract"), (ShapeKind::Event, "contract")]).await, all[1..2]);
}

/// Whoever asks for it all is told what was recorded of every owner, and of each domain which program has joined last.
pub async fn all_that_is_recorded_is_told<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let ask = async || fleet(&store).records().await.expect("the records");
    assert_eq!(ask().await, Records::default());
    stored(&store, one("contract", "1", "b", 1)).await;
    let of = |kind, owner: &str| KnownShape { kind, owner: owner.to_owned(), ..event("a", 1, 1, "{ü:u8}") };
    let first = record(&store, [of(ShapeKind::Event, "contract"), of(ShapeKind::Saga, "other")]).await;
    record(&other, [of(ShapeKind::Event, "contract"), event("b", 2, 1, "{}")]).await;
    let elsewhere = Program { domain: "Another".to_owned(), shapes: vec![of(ShapeKind::Snapshot, "x")] };
    let another = Member { program: Arc::new(elsewhere), ..member(1) };
    join(&other, &another, LONG).await;
    let last = record(&store, [event("b", 1, 1, "{}")]).await;
    let records = ask().await;
    assert_eq!(records.programs, [(*another.program).clone(), (*last.program).clone()]);
    let shapes: Vec<KnownShape> = records.shapes.iter().map(|recorded| recorded.shape.clone()).collect();
    let expected = [
        of(ShapeKind::Event, "contract"),
        event("b", 1, 1, "{}"),
        event("b", 2, 1, "{}"),
        of(ShapeKind::Saga, "other"),
        of(ShapeKind::Snapshot, "x"),
    ];
    assert_eq!(shapes, expected);
    assert!(!records.shapes[0].stored && records.shapes[1].stored, "{records:?}");
    // A program that comes again is the last one again.
    let again = Member { id: Uuid::now_v7(), ..first };
    join(&store, &again, LONG).await;
    assert_eq!(ask().await.programs[1], *again.program);
}

/// Where nothing can be stored of a version is told: behind the end of the log where it was new then, and nowhere where
/// something of its name was stored before anybody recorded it.
pub async fn since_when_something_may_be_stored_is_told<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let end = stored(&store, one("contract", "1", "old", 1)).await.position;
    record(&store, [event("new", 1, 1, "{}"), event("old", 1, 1, "{}")]).await;
    let told = async || {
        let recorded = recorded(&store).await.into_iter();
        recorded.map(|it| (it.shape.name, it.shape.version, it.since)).collect::<Vec<_>>()
    };
    assert_eq!(told().await, [("new".to_owned(), 1, end), ("old".to_owned(), 1, Position::START)]);
    assert_eq!(survey(&store).await.strangers, [] as [&str; 0]);

    stored(&store, one("contract", "1", "new", 1)).await;
    let end = stored(&store, one("contract", "2", "new", 1)).await.position;
    record(&store, [event("new", 2, 1, "{}"), event("old", 2, 1, "{}")]).await;
    let later: Vec<_> = told().await.into_iter().filter(|(_, version, _)| *version == 2).collect();
    assert_eq!(later, [("new".to_owned(), 2, end), ("old".to_owned(), 2, end)]);
    let may_be = recorded(&store).await;
    let first = may_be.iter().find(|it| it.shape.name == "new" && it.shape.version == 1);
    assert!(first.is_some_and(|recorded| recorded.stored), "{may_be:?}");
}

/// Names of events that are stored, and that nobody has recorded, are told once each.
pub async fn names_that_nobody_has_recorded_are_told<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    for (category, name) in [("contract", "b"), ("other", "a"), ("other", "b"), ("contract", "known")] {
        stored(&store, one(category, "1", name, 1)).await;
    }
    let saga = KnownShape { kind: ShapeKind::Saga, ..event("a", 1, 1, "") };
    record(&store, [saga, event("known", 3, 1, "{}"), event("never", 1, 1, "{}")]).await;
    assert_eq!(survey(&store).await.strangers, ["a", "b"], "a saga of that name is something else");
}

/// Events are counted by name, version, category and position.
pub async fn events_are_counted<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stored(&store, one("contract", "1", "a", 1)).await;
    let middle = stored(&store, one("contract", "1", "a", 2)).await.position;
    for (category, id, name, version) in [
        ("contract", "1", "a", 3),
        ("contract", "2", "a", 3),
        ("contract", "2", "a", 1),
        ("other", "1", "a", 3),
        ("contract", "2", "b", 1),
        ("third", "2", "b", 1),
    ] {
        stored(&store, one(category, id, name, version)).await;
    }
    let suspects = |categories: &[&str], name: &str, above, after| Suspects {
        categories: categories.iter().map(|category| (*category).to_owned()).collect(),
        name: name.to_owned(),
        above,
        after,
    };
    let ask = async |suspects: &[Suspects]| {
        let (counts, all) = fleet(&store).count_events(suspects, 100).await.expect("a count");
        assert!(all);
        let told = |count: EventCount| (count.category, count.name, count.version, count.rows);
        counts.into_iter().map(told).collect::<Vec<_>>()
    };
    let row =
        |category: &str, name: &str, version, rows| (category.to_owned(), name.to_owned(), version, rows);
    let start = Position::START;
    assert_eq!(ask(&[]).await, []);
    assert_eq!(ask(&[suspects(&["contract"], "c", 0, start), suspects(&[], "a", 0, start)]).await, []);
    let later = [row("contract", "a", 2, 1), row("contract", "a", 3, 2)];
    assert_eq!(ask(&[suspects(&["contract"], "a", 1, start)]).await, later);
    assert_eq!(ask(&[suspects(&["contract"], "a", 1, middle)]).await, later[1..]);
    let two = [suspects(&["contract"], "a", 2, middle), suspects(&["contract", "third"], "b", 0, start)];
    assert_eq!(
        ask(&two).await,
        [row("contract", "a", 3, 2), row("contract", "b", 1, 1), row("third", "b", 1, 1)]
    );
    let twice = [suspects(&["contract"], "a", 1, start), suspects(&["contract"], "a", 2, middle)];
    assert_eq!(ask(&twice).await, later, "nothing is counted twice");
}

/// Only so many of the newest events are looked at, and it is told when these were not all.
pub async fn counting_has_a_limit<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let first = stored(&store, one("contract", "1", "a", 1)).await.position;
    for _ in 0..4 {
        stored(&store, one("contract", "1", "a", 1)).await;
    }
    let ask = async |after, limit| {
        let suspects =
            Suspects { categories: vec!["contract".to_owned()], name: "a".to_owned(), above: 0, after };
        let (counts, all) = fleet(&store).count_events(&[suspects], limit).await.expect("a count");
        (counts.first().map_or(0, |count| count.rows), all)
    };
    assert_eq!(ask(Position::START, 3).await, (3, false));
    assert_eq!(ask(Position::START, 5).await, (5, true));
    assert_eq!(ask(first, 4).await, (4, true));
    assert_eq!(ask(first, 3).await, (3, false));
    assert_eq!(ask(Position::START, 0).await, (0, false));
    assert_eq!(ask(Position::START, u64::MAX).await, (5, true));
}

/// Instances of sagas that somebody has to look at are counted by their definitions.
pub async fn definitions_are_counted<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let of = |definition, write: SagaWrite| SagaWrite { definition, ..write };
    let other = SagaWrite { saga: "other".into(), ..running("1") };
    for write in [
        of((1, u64::MAX), running("1")),
        of((1, u64::MAX), running("2")),
        of((1, 8), due_at(crate::store::Due::In(Duration::from_secs(3_600)), running("3"))),
        of((2, 8), being(SagaStatus::Compensating, running("4"))),
        of((3, 8), SagaWrite { due: None, ..being(SagaStatus::Parked, running("5")) }),
        of((4, 8), SagaWrite { due: None, ..being(SagaStatus::Completed, running("6")) }),
        of((5, 8), other),
    ] {
        stand(&store, write).await;
    }
    let ask = async |sagas: &[&str], limit| {
        let counts = fleet(&store).count_definitions(sagas, limit).await.expect("a count");
        let told = |count: DefinitionCount| (count.saga, count.definition, count.instances);
        counts.into_iter().map(told).collect::<Vec<_>>()
    };
    let row = |saga: &str, definition, instances| (saga.to_owned(), definition, instances);
    let order = [row("order", (1, 8), 1), row("order", (1, u64::MAX), 2), row("order", (2, 8), 1)];
    assert_eq!(ask(&["order"], 100).await, order);
    assert_eq!(ask(&["nobody", "other", "other"], 100).await, [row("other", (5, 8), 1)]);
    assert_eq!(ask(&[], 100).await, []);
    let few: u64 = ask(&["order"], 2).await.iter().map(|(.., instances)| instances).sum();
    assert_eq!(few, 2);
}
