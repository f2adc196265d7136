//! How instances of sagas stand, stored with events.

use std::time::Duration;

use super::{Fixture, Subject, follow::*, kit::*, process_kit::*};
use crate::store::{Due, Outcome, SagaFilter, SagaState, SagaStatus, SagaWrite, Store, StoreError, StreamId};

/// An instance with something in every place.
fn full() -> SagaWrite {
    SagaWrite {
        saga: "order".into(),
        id: "über 7".to_owned(),
        shard: 65_535,
        status: SagaStatus::Compensating,
        step: Some("pay \"now\"".to_owned()),
        attempts: u32::MAX,
        due: Some(past(1_234_567)),
        error: Some("it failed: ünder\nlines".to_owned()),
        definition: (u16::MAX, u64::MAX - 3),
    }
}

/// What was written is there with the events, for every handle.
pub async fn an_instance_is_stored_with_its_events<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let before = clock(&store).await;
    stored(&store, with_saga(full(), at(&StreamId::new("order", "über 7"), 0, ["1"]))).await;
    let after = clock(&store).await;
    let state = instance(&other, "über 7").await.expect("the instance");
    let SagaWrite { saga, id, shard, status, step, attempts, error, definition, .. } = full();
    let due_at = Some(crate::domain::Timestamp::from_micros(1_234_567));
    let (started_at, updated_at) = (state.started_at, state.updated_at);
    let taken = 0;
    let expected = SagaState {
        saga,
        id,
        shard,
        status,
        step,
        attempts,
        taken,
        due_at,
        error,
        definition,
        started_at,
        updated_at,
    };
    assert_eq!(state, expected);
    assert_eq!(started_at, updated_at);
    assert!(before <= started_at && started_at <= after, "{before} <= {started_at} <= {after}");
}

/// A later write takes the place of the earlier; the shard and the time of the start stay.
pub async fn a_later_write_takes_the_place<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stand(&store, full()).await;
    let first = instance(&store, "über 7").await.expect("the instance");
    until("time goes on", async || (clock(&store).await > first.updated_at).then_some(())).await;
    stand(&store, SagaWrite { shard: 3, due: None, ..running("über 7") }).await;
    let second = instance(&store, "über 7").await.expect("the instance");
    assert_eq!((second.shard, second.started_at), (65_535, first.started_at));
    assert!(second.updated_at > first.updated_at);
    assert_eq!((second.status, second.definition, second.attempts), (SagaStatus::Running, (1, 7), 0));
    assert_eq!((second.step, second.error, second.due_at), (None, None, None));
}

/// Times from now on are by the clock of the database; one that is too far away is the farthest there is.
pub async fn due_times_are_by_the_clock_of_the_database<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let before = clock(&store).await;
    stand(&store, due_at(Due::In(HOUR), running("soon"))).await;
    let after = clock(&store).await;
    let due = instance(&store, "soon").await.and_then(|state| state.due_at).expect("a time").as_micros();
    let hour = 3_600_000_000;
    assert!(before.as_micros() + hour <= due && due <= after.as_micros() + hour, "{before} {due} {after}");
    stand(&store, due_at(Due::In(Duration::MAX), running("never"))).await;
    stand(&store, due_at(past(i64::MAX), running("at the end"))).await;
    stand(&store, due_at(past(0), running("long ago"))).await;
    stand(&store, due_at(past(-5_000_000), running("before that"))).await;
    let century = after.as_micros() + 100 * 365 * 24 * hour;
    for id in ["never", "at the end"] {
        let due = instance(&store, id).await.and_then(|state| state.due_at).expect("a time");
        assert!(due.as_micros() > century, "{id}: {due}");
    }
    assert_eq!(take_ids(&store, all_due()).await, ["before that", "long ago"]);
}

/// What is not appended writes no instance, whatever the reason.
pub async fn what_is_not_appended_writes_no_instance<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, keyed(at(&ann, 0, ["1"]), "k")).await;
    let good = leased(&store, "s").await;
    let lost = crate::store::Lease { token: good.token + 1, ..good };
    let all = [
        at(&ann, 0, ["no"]),
        keyed(at(&ann, 1, ["no"]), "k"),
        keyed(at(&bob, 0, ["no"]), "k"),
        under(&lost, at(&ann, 1, ["no"])),
        together(at(&ann, 1, ["no"]), at(&bob, 7, ["no"])),
        together(at(&ann, 0, ["no"]), with_saga(running("other"), at(&bob, 0, ["no"]))),
    ];
    for append in all {
        let append = with_timers([arm("t", 1, past(1))], with_saga(running("i"), append));
        let outcome = send_one(&store, append).await;
        assert!(!matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
    }
    assert_eq!(list(&store, &SagaFilter::default()).await, []);
    assert_eq!(timers(&store, &ann).await, []);
}

/// Without events or a key it is written all the same where the stream is as expected, and no stream comes of it.
pub async fn an_instance_may_come_without_events<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = StreamId::new("order", "ann");
    let receipt = stored(&store, with_saga(running("ann"), at(&ann, 0, []))).await;
    assert_eq!((receipt.version, receipt.events), (0, 0));
    assert!(instance(&store, "ann").await.is_some());
    let wrong = with_saga(being(SagaStatus::Parked, running("ann")), at(&ann, 1, []));
    assert_eq!(send_one(&store, wrong).await, conflict(0));
    assert_eq!(instance(&store, "ann").await.map(|state| state.status), Some(SagaStatus::Running));
    assert_eq!(log(&store, 10).await.len(), 0);
    assert_eq!(stored(&store, at(&ann, 0, ["1"])).await.version, 1);
}

/// Of several writes in a batch the last one counts, also where two appends are stored together.
pub async fn the_last_write_of_a_batch_counts<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let step = |n: u32| SagaWrite { attempts: n, ..running("ann") };
    let (ann, bob) = (stream("ann"), stream("bob"));
    let batch = [
        with_saga(step(1), at(&ann, 0, ["1"])),
        with_saga(step(2), at(&ann, 1, ["2"])),
        with_saga(SagaWrite { shard: 1, ..step(3) }, at(&ann, 2, ["3"])),
        with_saga(step(9), at(&ann, 9, ["no"])),
    ];
    send(&store, &batch).await;
    let state = instance(&store, "ann").await.expect("the instance");
    assert_eq!((state.attempts, state.shard), (3, 0));
    let pair = together(with_saga(step(4), at(&ann, 3, ["4"])), with_saga(step(5), at(&bob, 0, ["1"])));
    stored(&store, pair).await;
    assert_eq!(instance(&store, "ann").await.map(|state| state.attempts), Some(5));
}

/// Many in one batch, each with its own row.
pub async fn many_instances_are_stored_at_once<F: Fixture>(subject: &Subject<F>) {
    const MANY: usize = 700;
    let store = subject.open().await;
    let append = |n: usize| {
        let id = format!("{n:03}");
        let write = SagaWrite { shard: (n % 5) as u16, due: Some(past(n as i64)), ..running(&id) };
        let timers = [arm("a", 1, past(n as i64)), arm("b", n as u64, Due::In(HOUR))];
        with_timers(timers, with_saga(write, at(&stream(&id), 0, ["x"])))
    };
    let batch: Vec<_> = (0..MANY).map(append).collect();
    send(&store, &batch).await.iter().for_each(is_stored);
    let all = list(&store, &SagaFilter::default()).await;
    assert_eq!(all.len(), MANY);
    for (n, state) in all.iter().enumerate() {
        assert_eq!((state.id.clone(), state.shard), (format!("{n:03}"), (n % 5) as u16));
        assert_eq!(state.due_at.map(|due| due.as_micros()), Some(n as i64));
    }
    let shards = [4, 2];
    let expected: Vec<_> =
        (0..MANY).filter(|n| [2, 4].contains(&(n % 5))).map(|n| format!("{n:03}")).collect();
    let question = crate::store::TakeSagas { shards: &shards, ..all_due() };
    assert_eq!(take_ids(&store, question).await, expected);
    assert_eq!(timer_names(&store, &stream("699")).await, [("a".into(), 1), ("b".into(), 699)]);
}

/// Bad texts: a long error is cut, a NUL in it may be lost, and a name with one is refused.
pub async fn bad_texts_do_no_harm<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    for text in ["ü".repeat(1 << 20), "a\0b".to_owned(), String::new()] {
        stand(&store, SagaWrite { error: Some(text.clone()), ..running("bad") }).await;
        let error = instance(&store, "bad").await.and_then(|state| state.error).expect("an error");
        assert!(error.len() < 10_000 && !error.contains('\0'), "{} bytes", error.len());
        assert_eq!(error.chars().next(), text.chars().next());
    }
    let ann = stream("ann");
    let bad = [
        with_saga(running("a\0"), at(&ann, 0, ["no"])),
        with_saga(SagaWrite { saga: "o\0".into(), ..running("a") }, at(&ann, 0, ["no"])),
        with_saga(SagaWrite { step: Some("s\0".into()), ..running("a") }, at(&ann, 0, ["no"])),
        waking(["a\0"], at(&ann, 0, ["no"])),
        with_timers([arm("t\0", 1, past(1))], at(&ann, 0, ["no"])),
        with_timers([disarm("t\0", None)], at(&ann, 0, ["no"])),
    ];
    for append in bad {
        for append in [together(at(&stream("bob"), 0, ["no"]), append.clone()), append] {
            let refused = store.port().append(&[append]).await.expect_err("a name with a NUL");
            assert!(matches!(refused, StoreError::InvalidName { .. }), "{refused:?}");
        }
    }
    assert_eq!(log(&store, 10).await.len(), 3);
}

/// A question with a NUL in it is about nothing that there is, and no error.
pub async fn nothing_is_named_with_a_nul<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stand(&store, SagaWrite { step: Some("a".into()), error: Some("a".into()), ..running("a") }).await;
    set_timer(&store).await;
    let nul = || Some("a\0".to_owned());
    let filters = [
        SagaFilter { saga: Some("order\0".into()), ..SagaFilter::default() },
        SagaFilter { id: nul(), ..SagaFilter::default() },
        SagaFilter { step: nul(), ..SagaFilter::default() },
        SagaFilter { error: nul(), ..SagaFilter::default() },
    ];
    for filter in filters {
        assert_eq!(list(&store, &filter).await, [], "{filter:?}");
    }
    let named = crate::store::TakeSagas { saga: "order\0", ..all_due() };
    assert_eq!(taken(&store, named).await, crate::store::TakenSagas::default());
    let due = side(&store).due_timers("contract\0", &[0], 10).await.expect("timers can be asked for");
    assert_eq!(due, crate::store::DueTimers::default());
    let at_it = ["b\0".to_owned()];
    let question = crate::store::TakeSagas { running: &at_it, ..all_due() };
    assert_eq!(take_ids(&store, question).await, ["a"]);
}

async fn set_timer(store: &Store) {
    stored(store, with_timers([arm("t", 1, past(1))], anywhere(&stream("ann"), []))).await;
}

async fn keys_of(store: &Store, filter: &SagaFilter, limit: u64) -> Vec<(String, String)> {
    let found = side(store).list_sagas(filter, limit).await.expect("instances can be listed");
    found.into_iter().map(|state| (state.saga.to_string(), state.id)).collect()
}

/// Listed are those that are meant, by saga and instance, byte by byte.
pub async fn instances_are_filtered<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stand(&store, SagaWrite { step: Some("pay".into()), ..running("b") }).await;
    let early = instance(&store, "b").await.expect("the instance").started_at;
    until("time goes on", async || (clock(&store).await > early).then_some(())).await;
    let failed = SagaWrite { error: Some("no 100% _money_".into()), ..running("B") };
    stand(&store, being(SagaStatus::Parked, failed)).await;
    stand(&store, being(SagaStatus::Completed, SagaWrite { step: Some("ship".into()), ..running("ä") }))
        .await;
    stand(&store, SagaWrite { saga: "Order".into(), step: Some("pay".into()), ..running("z") }).await;
    let late = instance(&store, "B").await.expect("the instance").started_at;

    let ids = async |filter: SagaFilter| {
        keys_of(&store, &filter, 100).await.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    let any = SagaFilter::default;
    assert_eq!(ids(any()).await, ["z", "B", "b", "ä"]);
    assert_eq!(ids(SagaFilter { saga: Some("order".into()), ..any() }).await, ["B", "b", "ä"]);
    assert_eq!(ids(SagaFilter { id: Some("b".into()), ..any() }).await, ["b"]);
    assert_eq!(
        ids(SagaFilter { status: vec![SagaStatus::Completed, SagaStatus::Parked], ..any() }).await,
        ["B", "ä"]
    );
    assert_eq!(ids(SagaFilter { step: Some("pay".into()), ..any() }).await, ["z", "b"]);
    for (text, found) in [("_money_", 1), ("100%", 1), ("MONEY", 0), ("%", 1), ("n_ 1", 0)] {
        assert_eq!(ids(SagaFilter { error: Some(text.into()), ..any() }).await.len(), found, "{text}");
    }
    assert_eq!(ids(SagaFilter { started_before: Some(late), ..any() }).await, ["b"]);
    assert_eq!(ids(SagaFilter { started_before: Some(early), ..any() }).await.len(), 0);
    assert_eq!(ids(SagaFilter { updated_before: Some(late), ..any() }).await, ["b"]);
    let both = SagaFilter { saga: Some("order".into()), step: Some("pay".into()), ..any() };
    assert_eq!(ids(both).await, ["b"]);
    until("time goes on", async || (clock(&store).await > late).then_some(())).await;
    stand(&store, running("b")).await;
    let after = instance(&store, "b").await.expect("the instance").updated_at;
    assert_eq!(ids(SagaFilter { updated_before: Some(after), ..any() }).await.len(), 3);
    assert_eq!(ids(SagaFilter { started_before: Some(late), ..any() }).await, ["b"]);
}

/// Pages have every instance once, whatever their size.
pub async fn pages_have_every_instance_once<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    for n in 0..12 {
        let saga = ["order", "Order", "ordeR"][n % 3].into();
        stand(&store, SagaWrite { saga, ..running(&format!("{}", n * 7 % 12)) }).await;
    }
    let whole = keys_of(&store, &SagaFilter::default(), 100).await;
    assert_eq!(whole.len(), 12);
    assert!(whole.is_sorted());
    for size in [1, 2, 5, 12] {
        let (mut seen, mut filter) = (Vec::new(), SagaFilter::default());
        loop {
            let page = keys_of(&store, &filter, size).await;
            assert!(page.len() as u64 <= size);
            let Some(last) = page.last().cloned() else { break };
            filter.after = Some(last);
            seen.extend(page);
        }
        assert_eq!(seen, whole, "pages of {size}");
    }
    assert_eq!(keys_of(&store, &SagaFilter::default(), 0).await, []);
    assert_eq!(keys_of(&store, &SagaFilter::default(), u64::MAX).await, whole);
}

/// Counted are the instances of each saga in each status; those that have ended stay.
pub async fn instances_are_counted<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(side(&store).count_sagas().await.expect("instances can be counted"), []);
    for (n, status) in SagaStatus::ALL.into_iter().enumerate() {
        for id in 0..=n {
            stand(&store, being(status, running(&format!("{} {id}", status.name())))).await;
        }
    }
    stand(&store, SagaWrite { saga: "other".into(), ..running("1") }).await;
    let mut counts = side(&store).count_sagas().await.expect("instances can be counted");
    counts.sort();
    let mut expected: Vec<_> =
        (1..).zip(SagaStatus::ALL).map(|(count, status)| ("order".into(), status, count)).collect();
    expected.push(("other".into(), SagaStatus::Running, 1));
    expected.sort();
    assert_eq!(counts, expected);
    let open = list(&store, &SagaFilter::default()).await;
    let first = |saga: &str| {
        let own = open.iter().filter(|state| &*state.saga == saga && !state.status.has_ended());
        own.map(|state| state.started_at).min().map(|started_at| (saga.into(), started_at))
    };
    let oldest = side(&store).oldest_sagas().await.expect("instances can be looked for");
    assert_eq!(oldest, first("order").into_iter().chain(first("other")).collect::<Vec<_>>());
}

/// Instances and timers are found by the next process.
pub async fn instances_and_timers_outlive_the_process<F: Fixture>(subject: &Subject<F>) {
    if !F::DURABLE {
        return;
    }
    let first = subject.open().await;
    let ann = stream("ann");
    let timers_written = [arm("t", u64::MAX, past(5)), arm("u", 2, Due::In(HOUR))];
    stored(&first, with_timers(timers_written, with_saga(full(), at(&ann, 0, ["1"])))).await;
    take(&first, crate::store::TakeSagas { shards: &[65_535], ..all_due() }).await;
    let (before, timers_before) = (list(&first, &SagaFilter::default()).await, timers(&first, &ann).await);
    assert_eq!((before[0].taken, timers_before.len()), (0, 2));
    first.port().close().await;
    let second = subject.open().await;
    assert_eq!(list(&second, &SagaFilter::default()).await, before);
    assert_eq!(timers(&second, &ann).await, timers_before);
}
