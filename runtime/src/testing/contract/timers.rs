//! Timers of streams.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Fixture, Subject, follow::*, kit::*, process_kit::*};
use crate::{
    domain::Timestamp,
    store::{Append, Due, DueTimers, Outcome, Store, StreamId, TimerState, TimerWrite},
};

async fn due_timers(store: &Store, category: &str, shards: &[u16], limit: u64) -> DueTimers {
    side(store).due_timers(category, shards, limit).await.expect("timers can be asked for")
}

/// Stream and name of the timers of category `contract` in shard 0 that are due.
async fn due(store: &Store) -> Vec<(String, String)> {
    let due = due_timers(store, "contract", &[0], 1_000).await.due;
    due.into_iter().map(|timer| (timer.stream.id().to_owned(), timer.name.to_string())).collect()
}

/// Changes the timers of a stream, without an event.
async fn set<const N: usize>(store: &Store, stream: &StreamId, changes: [TimerWrite; N]) {
    stored(store, with_timers(changes, anywhere(stream, []))).await;
}

/// A timer is there with the event, for every handle, as it was set.
pub async fn a_timer_is_stored_with_its_events<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let ann = stream("ünn \"7\"");
    let name = "päy";
    let write = TimerWrite::Arm { name: name.into(), armed: u64::MAX - 1, shard: 65_535, due: past(77) };
    stored(&store, with_timers([write, arm("b", 0, past(1))], at(&ann, 0, ["1"]))).await;
    let expected = TimerState {
        stream: ann.clone(),
        name: name.into(),
        armed: u64::MAX - 1,
        shard: 65_535,
        due_at: Timestamp::from_micros(77),
    };
    let found = timers(&other, &ann).await;
    assert_eq!((found.len(), &*found[0].name, &found[1]), (2, "b", &expected));
    assert_eq!(due_timers(&other, "contract", &[65_535], 10).await.due, [expected]);
    assert_eq!(timers(&other, &stream("bob")).await, []);
}

/// Due are those whose time has come, the longest due first, of a category and of some shards.
pub async fn due_timers_come_in_order<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let elsewhere = StreamId::new("elsewhere", "ann");
    set(&store, &ann, [arm("c", 1, past(30)), arm("a", 1, past(10)), arm("later", 1, Due::In(HOUR))]).await;
    set(&store, &bob, [arm("b", 1, past(20)), arm("a", 1, past(40))]).await;
    set(&store, &bob, [TimerWrite::Arm { name: "x".into(), armed: 1, shard: 1, due: past(5) }]).await;
    set(&store, &elsewhere, [arm("e", 1, past(1))]).await;
    let all = [("ann", "a"), ("bob", "b"), ("ann", "c"), ("bob", "a")];
    let all: Vec<_> = all.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
    assert_eq!(due(&store).await, all);
    let names = async |category: &str, shards: &[u16], limit| {
        let due = due_timers(&store, category, shards, limit).await.due;
        due.into_iter().map(|timer| timer.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("contract", &[0], 3).await, ["a", "b", "c"]);
    assert_eq!(names("contract", &[1, 0], 3).await, ["x", "a", "b"]);
    assert_eq!(names("contract", &[1], u64::MAX).await, ["x"]);
    assert_eq!(names("elsewhere", &[0, 1], 9).await, ["e"]);
    for (category, shards) in [("unknown", &[0][..]), ("contract", &[]), ("contract", &[7])] {
        assert_eq!(names(category, shards, 9).await.len(), 0);
    }
    // Asking takes nothing away.
    assert_eq!(due(&store).await, all);
}

/// Told is how long it is until the next timer of a category in some shards.
pub async fn the_next_timer_is_told<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let next = async |category: &str, shards: &[u16]| due_timers(&store, category, shards, 10).await.next;
    assert_eq!(next("contract", &[0]).await, None);
    let far = TimerWrite::Arm { name: "far".into(), armed: 1, shard: 1, due: Due::In(HOUR * 3) };
    set(&store, &stream("ann"), [arm("now", 1, past(1)), arm("near", 1, Due::In(HOUR)), far]).await;
    let within = |found: Option<Duration>, most: Duration| {
        let found = found.expect("there is a next one");
        assert!(found <= most && found > most - HOUR / 2, "{found:?} is not about {most:?}");
    };
    within(next("contract", &[1, 0]).await, HOUR);
    within(next("contract", &[1]).await, HOUR * 3);
    within(due_timers(&store, "contract", &[0], 0).await.next, HOUR);
    assert_eq!(next("contract", &[2]).await, None);
    assert_eq!(next("elsewhere", &[0, 1]).await, None);
    set(&store, &stream("ann"), [arm("never", 1, Due::In(Duration::MAX)), disarm("near", None)]).await;
    assert!(next("contract", &[0]).await.is_some_and(|next| next > HOUR * 24 * 365));
}

/// A timer that is set anew has a new time and number, and is there once.
pub async fn a_timer_is_set_anew<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    set(&store, &ann, [arm("t", 1, past(1))]).await;
    set(&store, &bob, [arm("t", 1, past(2))]).await;
    set(&store, &ann, [TimerWrite::Arm { name: "t".into(), armed: 2, shard: 3, due: past(3) }]).await;
    let found = timers(&store, &ann).await;
    assert_eq!((found.len(), found[0].armed, found[0].shard), (1, 2, 3));
    assert_eq!(found[0].due_at, Timestamp::from_micros(3));
    assert_eq!(due(&store).await, [("bob".to_owned(), "t".to_owned())]);
    set(&store, &ann, [arm("t", 3, Due::In(HOUR))]).await;
    assert_eq!(due_timers(&store, "contract", &[3, 0], 10).await.due.len(), 1);
}

/// A timer is taken away: any, or only one setting of it.
pub async fn a_timer_is_taken_away<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    for stream in [&ann, &bob] {
        set(&store, stream, [arm("a", 1, past(1)), arm("b", u64::MAX, past(2)), arm("c", 1 << 63, past(3))])
            .await;
    }
    set(&store, &ann, [disarm("a", Some(2)), disarm("b", Some(1 << 63)), disarm("unknown", None)]).await;
    set(&store, &ann, [disarm("c", Some((1 << 63) - 1)), disarm("b", Some(i64::MAX as u64))]).await;
    assert_eq!(timers(&store, &ann).await.len(), 3);
    set(&store, &ann, [disarm("a", Some(1)), disarm("b", Some(u64::MAX)), disarm("c", None)]).await;
    assert_eq!(timers(&store, &ann).await, []);
    assert_eq!(timers(&store, &bob).await.len(), 3);
    assert_eq!(due(&store).await.len(), 3);
}

/// Changes of a batch are made one after the other, also those of one append.
pub async fn changes_of_timers_form_chains<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    set(&store, &ann, [arm("old", 1, past(1)), arm("kept", 1, past(2)), arm("gone", 1, past(2))]).await;
    let batch = [
        with_timers([arm("a", 1, past(1)), arm("a", 2, past(2)), disarm("a", Some(1))], at(&ann, 0, ["1"])),
        with_timers([arm("b", 1, past(1)), disarm("b", Some(1))], at(&ann, 1, ["2"])),
        with_timers([disarm("c", None), arm("c", 1, past(1))], at(&ann, 2, ["3"])),
        with_timers(
            [arm("old", 2, past(9)), disarm("kept", Some(2)), disarm("gone", Some(2))],
            at(&ann, 3, []),
        ),
        with_timers(
            [disarm("old", Some(1)), disarm("kept", Some(3)), disarm("gone", Some(1))],
            at(&ann, 3, []),
        ),
        with_timers([arm("d", 1, past(1))], at(&ann, 3, ["4"])),
        with_timers([disarm("d", None), arm("a", 9, past(1))], at(&ann, 9, ["no"])),
        together(
            with_timers([arm("t", 1, past(1))], at(&bob, 0, ["1"])),
            with_timers([arm("t", 2, past(1))], at(&stream("cid"), 0, ["1"])),
        ),
    ];
    let outcomes = send(&store, &batch).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(matches!(outcome, Outcome::Appended(_)), number != 6, "append {number}: {outcome:?}");
    }
    let expected = [("a", 2), ("c", 1), ("d", 1), ("kept", 1), ("old", 2)];
    let expected: Vec<_> = expected.iter().map(|(name, armed)| ((*name).to_owned(), *armed)).collect();
    assert_eq!(timer_names(&store, &ann).await, expected);
    assert_eq!(timer_names(&store, &bob).await, [("t".into(), 1)]);
    assert_eq!(timer_names(&store, &stream("cid")).await, [("t".into(), 2)]);
}

/// The append that fires a timer: the event once, and the timer away.
fn fire(stream: &StreamId, timer: &TimerState) -> Append {
    let key = format!("timer/{stream}/{}/{}", timer.name, timer.armed);
    with_timers([disarm(&timer.name, Some(timer.armed))], keyed(anywhere(stream, ["fired"]), key))
}

/// A timer that two workers find due fires once.
pub async fn a_timer_fires_once<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    let ann = stream("ann");
    for round in 1..=10_u64 {
        set(&stores[0], &ann, [arm("t", round, Due::In(Duration::ZERO))]).await;
        let worker = |n: usize| {
            let (store, ann) = (stores[n % 2].clone(), ann.clone());
            tokio::spawn(async move {
                let due = due_timers(&store, "contract", &[0], 10).await.due;
                for timer in &due {
                    let outcome = send_one(&store, fire(&ann, timer)).await;
                    assert!(matches!(outcome, Outcome::Appended(_) | Outcome::Duplicate(_)), "{outcome:?}");
                }
            })
        };
        join_all((0..4).map(worker)).await.into_iter().for_each(|worker| worker.expect("a worker ends"));
        assert_eq!(payloads(&stores[0], &ann).await.len() as u64, round);
        assert_eq!(timers(&stores[0], &ann).await, []);
    }
}

/// A late worker that fires an old setting does not take the new one away.
pub async fn a_late_worker_leaves_the_new_setting<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    set(&store, &ann, [arm("t", 1, past(1))]).await;
    let old = timers(&store, &ann).await.remove(0);
    stored(&store, fire(&ann, &old)).await;
    set(&store, &ann, [arm("t", 2, past(2))]).await;
    assert!(matches!(send_one(&store, fire(&ann, &old)).await, Outcome::Duplicate(_)));
    stored(&store, with_timers([disarm("t", Some(1))], anywhere(&ann, ["x"]))).await;
    assert_eq!(timer_names(&store, &ann).await, [("t".into(), 2)]);
    assert_eq!(payloads(&store, &ann).await, ["fired", "x"]);
}

/// A timer that is due later is due then, and not before.
pub async fn a_timer_becomes_due<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    set(&store, &stream("ann"), [arm("soon", 1, Due::In(Duration::from_millis(300)))]).await;
    let time = timers(&store, &stream("ann")).await[0].due_at;
    until("it is due", async || {
        let before = clock(&store).await;
        let found = due_timers(&store, "contract", &[0], 10).await;
        assert!(found.due.is_empty() || clock(&store).await >= time, "too early");
        assert!(!found.due.is_empty() || before < time, "too late");
        assert!(found.due.is_empty() == found.next.is_some(), "it is due now or later");
        (!found.due.is_empty()).then_some(())
    })
    .await;
}
