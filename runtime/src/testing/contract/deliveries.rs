//! Deliveries that could not be made: what is due, what waits, and what is kept of them.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::{Fixture, Subject, follow::*, kit::stream};
use crate::{
    domain::Timestamp,
    store::{
        Commit, DeliveryAction, DeliveryFilter, DeliveryState,
        DeliveryState::{Dead, Discarded, Permanent, Retrying, Waiting},
        DeliveryWrite, ParkedDelivery, Store,
    },
};

/// The same delivery with another number of attempts, another pause and other errors.
fn tried(write: DeliveryWrite, attempts: u32, pause: Option<Duration>, errors: &[&str]) -> DeliveryWrite {
    match write {
        DeliveryWrite::Park { subscription, shard, stream, position, version, event, state, .. } => {
            let errors = errors.iter().map(|&error| error.to_owned()).collect();
            DeliveryWrite::Park {
                subscription,
                shard,
                stream,
                position,
                version,
                event,
                state,
                attempts,
                retry_in: pause,
                errors,
            }
        }
        done => done,
    }
}

async fn listed(store: &Store, filter: &DeliveryFilter) -> Vec<ParkedDelivery> {
    side(store).list_deliveries(filter, 1_000).await.expect("deliveries can be listed")
}

/// Everything that is known of a delivery comes back, with times by the clock of the database.
pub async fn a_parked_delivery_comes_back_whole<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    declare(&store, "s", 3).await;
    let lease = claim(&store, Uuid::now_v7(), "s", LONG).await.leases.remove(2);
    let long = "x".repeat(100_000);
    let errors = ["it failed: '\"\\ ä\n", "because", "", &long];
    let before = side(&store).now().await.expect("the time").as_micros();
    let write = |position, state| park(&lease, "id / ä 'x' %", position, state);
    let (pause, later) = (Duration::from_secs(90), 90_000_000);
    let retried = tried(write((1 << 53) - 1, Retrying), 3, Some(pause), &errors);
    deliver(&store, &lease, vec![tried(write(7, Waiting), 0, None, &[]), retried]).await;
    let after = side(&store).now().await.expect("the time").as_micros();

    let seen = parked(&other, "s").await;
    assert_eq!(positions(&seen), [7, (1 << 53) - 1]);
    let (waiting, retrying) = (&seen[0], &seen[1]);
    for delivery in &seen {
        assert_eq!((&*delivery.subscription, delivery.shard), ("s", 2));
        assert_eq!(delivery.stream, stream("id / ä 'x' %"));
        assert_eq!((delivery.stream.category(), delivery.stream.id()), ("contract", "id / ä 'x' %"));
        assert_eq!((delivery.version, &*delivery.event), (delivery.position.raw(), "contract.happened"));
        assert!((before..=after).contains(&delivery.parked_at.as_micros()));
        assert_eq!((&delivery.decided_by, &delivery.reason), (&None, &None));
    }
    assert_eq!((waiting.state, waiting.attempts, waiting.errors.len()), (Waiting, 0, 0));
    assert_eq!((waiting.tried_at, waiting.due_at), (None, None));
    assert_eq!((retrying.state, retrying.attempts), (Retrying, 3));
    assert_eq!(retrying.errors, errors);
    assert!(retrying.tried_at.is_some_and(|at| (before..=after).contains(&at.as_micros())));
    assert!(retrying.due_at.is_some_and(|at| (before + later..=after + later).contains(&at.as_micros())));
}

/// An error text with a NUL parks its delivery like any other; the NUL itself may be lost.
pub async fn an_error_with_a_nul_is_kept<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let write = tried(park(&lease, "ann", 1, Dead), 1, None, &["before\0after", "\0"]);
    deliver(&store, &lease, vec![write]).await;
    let seen = parked(&store, "s").await.remove(0);
    assert_eq!(seen.errors.len(), 2);
    assert!(seen.errors[0].starts_with("before") && seen.errors[0].ends_with("after"), "{:?}", seen.errors);
}

/// Of each stream only the first delivery that is not given up can be due; the others wait for it.
pub async fn only_heads_are_due<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let writes = [
        ("retried", 10, Retrying),
        ("retried", 11, Waiting),
        ("retried", 12, Retrying),
        ("dead", 20, Dead),
        ("dead", 21, Waiting),
        ("permanent", 30, Permanent),
        ("permanent", 31, Waiting),
        ("discarded", 40, Discarded),
        ("discarded", 41, Waiting),
        ("discarded", 42, Waiting),
        ("waiting", 50, Waiting),
        ("waiting", 51, Waiting),
        ("given up", 60, Discarded),
    ];
    deliver(&store, &lease, writes.map(|(id, at, state)| park(&lease, id, at, state)).into()).await;
    let sorted = async || {
        let mut due = due(&store, "s").await;
        due.sort_unstable();
        due
    };
    assert_eq!(sorted().await, [10, 41, 50]);
    let dones = [("retried", 10), ("dead", 20), ("waiting", 50), ("nobody", 99), ("retried", 42)];
    deliver(&store, &lease, dones.map(|(id, at)| done(&lease, id, at)).into()).await;
    assert_eq!(sorted().await, [11, 21, 41, 51]);
    deliver(&store, &lease, vec![done(&lease, "retried", 11), done(&lease, "waiting", 51)]).await;
    assert_eq!(sorted().await, [12, 21, 41]);
    assert_eq!(due(&store, "other").await, Vec::<u64>::new());
}

/// What is to be tried again is not due before its time; the longest due comes first, and what waits is due since it
/// was parked.
pub async fn the_longest_due_comes_first<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let retry = |id: &str, at, pause| {
        tried(park(&lease, id, at, Retrying), 1, Some(Duration::from_millis(pause)), &["it failed"])
    };
    let hour = LONG.as_millis() as u64;
    deliver(&store, &lease, vec![retry("ann", 1, 400), retry("bob", 2, 200), retry("eve", 3, hour)]).await;
    deliver(&store, &lease, vec![retry("fay", 4, 0), park(&lease, "gil", 5, Waiting)]).await;
    assert!(!due(&store, "s").await.contains(&3));
    let in_order = until("four of them are due", async || {
        let due = due(&store, "s").await;
        (due.len() == 4).then_some(due)
    })
    .await;
    assert_eq!(in_order, [4, 5, 2, 1]);
    let two = side(&store).due_deliveries("s", &[0], 2).await.expect("deliveries");
    assert_eq!(positions(&two), [4, 5], "the limit leaves the others");
    let none = side(&store).due_deliveries("s", &[0], 0).await.expect("deliveries");
    assert_eq!(none, []);
}

/// A worker is asked about the shards that it has, and about no others.
pub async fn deliveries_belong_to_their_shards<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    declare(&store, "s", 3).await;
    let leases = claim(&store, Uuid::now_v7(), "s", LONG).await.leases;
    for (at, lease) in (1..).zip(&leases) {
        let id = format!("stream {at}");
        let writes = vec![park(lease, &id, at, Retrying), park(lease, &id, at + 10, Waiting)];
        deliver(&store, lease, writes).await;
    }
    let other = leased(&store, "other").await;
    deliver(&store, &other, vec![park(&other, "stream 9", 1, Retrying)]).await;
    for (shards, wanted) in [(&[0_u16, 2][..], &[1, 3][..]), (&[1], &[2]), (&[], &[]), (&[7], &[])] {
        let due = side(&store).due_deliveries("s", shards, 9).await.expect("deliveries");
        assert_eq!(positions(&due), wanted);
        let streams = side(&store).parked_streams("s", shards).await.expect("streams");
        let mut ids: Vec<_> = streams.iter().map(|stream| stream.id().to_owned()).collect();
        ids.sort_unstable();
        assert_eq!(ids, wanted.iter().map(|at| format!("stream {at}")).collect::<Vec<_>>());
    }
}

/// A stream is held up as long as it has a delivery that was neither made nor given up.
pub async fn parked_streams_are_those_that_are_held_up<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let streams = async || {
        let streams = side(&store).parked_streams("s", &[0]).await.expect("streams");
        let mut ids: Vec<_> = streams.iter().map(|stream| stream.id().to_owned()).collect();
        ids.sort_unstable();
        ids.concat()
    };
    assert_eq!(streams().await, "");
    let writes =
        [("a", 1, Waiting), ("b", 2, Retrying), ("c", 3, Dead), ("d", 4, Permanent), ("e", 5, Discarded)];
    deliver(&store, &lease, writes.map(|(id, at, state)| park(&lease, id, at, state)).into()).await;
    deliver(&store, &lease, vec![park(&lease, "c", 13, Waiting)]).await;
    assert_eq!(streams().await, "abcd");
    deliver(&store, &lease, vec![done(&lease, "a", 1), done(&lease, "c", 3), done(&lease, "e", 5)]).await;
    assert_eq!(streams().await, "bcd");
}

/// Only the next attempt replaces what is known, and not once somebody has decided; when it was parked stays.
pub async fn only_the_next_attempt_replaces<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let attempt = |attempts, state, error| {
        let pause = (state == Retrying).then_some(Duration::ZERO);
        tried(park(&lease, "ann", 1, state), attempts, pause, &[error])
    };
    let known = async || parked(&store, "s").await.remove(0);
    deliver(&store, &lease, vec![tried(park(&lease, "ann", 1, Waiting), 0, None, &[])]).await;
    let first = known().await;
    deliver(&store, &lease, vec![attempt(2, Retrying, "too new")]).await;
    deliver(&store, &lease, vec![tried(park(&lease, "ann", 1, Waiting), 0, None, &["again"])]).await;
    assert_eq!(known().await, first);

    deliver(&store, &lease, vec![attempt(1, Retrying, "one")]).await;
    let second = known().await;
    assert_eq!((second.attempts, second.state, &*second.errors), (1, Retrying, &["one".to_owned()][..]));
    assert_eq!(second.parked_at, first.parked_at);
    assert!(second.due_at.is_some() && second.tried_at.is_some());
    for wrong in [attempt(1, Retrying, "again"), attempt(3, Retrying, "too new"), attempt(0, Waiting, "old")]
    {
        deliver(&store, &lease, vec![wrong]).await;
        assert_eq!(known().await, second);
    }
    deliver(&store, &lease, vec![attempt(2, Dead, "two")]).await;
    let third = known().await;
    assert_eq!((third.attempts, third.state, third.due_at), (2, Dead, None));
    deliver(&store, &lease, vec![attempt(3, Retrying, "dead is dead")]).await;
    assert_eq!(known().await, third);
}

/// Every condition of a filter alone, and the pages of the whole.
pub async fn deliveries_are_filtered<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (a, b) = (leased(&store, "a").await, leased(&store, "b").await);
    deliver(&store, &a, vec![tried(park(&a, "ann", 5, Dead), 1, None, &["first 100%", "Second"])]).await;
    deliver(&store, &b, vec![park(&b, "ann", 3, Retrying), park(&b, "bob", 5, Discarded)]).await;
    let later = side(&store).now().await.expect("the time");
    until("it is later", async || (side(&store).now().await.expect("the time") > later).then_some(())).await;
    let moved = DeliveryWrite::Park {
        subscription: Arc::clone(&a.subscription),
        shard: 0,
        stream: stream("bob"),
        position: place(4),
        version: 1,
        event: "contract.moved".to_owned(),
        state: Permanent,
        attempts: 1,
        retry_in: None,
        errors: vec!["other".to_owned()],
    };
    deliver(&store, &a, vec![moved]).await;
    let parked_at = parked(&store, "a").await[0].parked_at;
    let all = DeliveryFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let after = |name: &str, at| (name.to_owned(), place(at), Uuid::max());
    let before = |at: Timestamp| Timestamp::from_micros(at.as_micros() + 1);
    for (filter, wanted) in [
        (all(), vec![4, 5, 3, 5]),
        (DeliveryFilter { subscription: text("b"), ..all() }, vec![3, 5]),
        (DeliveryFilter { subscription: text("c"), ..all() }, vec![]),
        (DeliveryFilter { states: vec![Dead, Retrying], ..all() }, vec![5, 3]),
        (DeliveryFilter { states: vec![Waiting], ..all() }, vec![]),
        (DeliveryFilter { stream: Some(stream("bob")), ..all() }, vec![4, 5]),
        (DeliveryFilter { event: text("contract.moved"), ..all() }, vec![4]),
        (DeliveryFilter { position: Some(place(5)), ..all() }, vec![5, 5]),
        (DeliveryFilter { parked_from: Some(parked_at), ..all() }, vec![4]),
        (DeliveryFilter { parked_before: Some(parked_at), ..all() }, vec![5, 3, 5]),
        (DeliveryFilter { parked_before: Some(before(parked_at)), ..all() }, vec![4, 5, 3, 5]),
        (DeliveryFilter { error: text("100%"), ..all() }, vec![5]),
        (DeliveryFilter { error: text("Second"), ..all() }, vec![5]),
        (DeliveryFilter { error: text("second"), ..all() }, vec![]),
        (DeliveryFilter { error: text("%"), event: text("contract.happened"), ..all() }, vec![5]),
        (DeliveryFilter { error: text("\"]"), ..all() }, vec![]),
        (DeliveryFilter { after: Some(after("a", 4)), ..all() }, vec![5, 3, 5]),
        (DeliveryFilter { after: Some(after("a", 9)), ..all() }, vec![3, 5]),
        (DeliveryFilter { after: Some(after("b", 3)), states: vec![Discarded], ..all() }, vec![5]),
    ] {
        assert_eq!(positions(&listed(&store, &filter).await), wanted, "{filter:?}");
    }
    let page = side(&store).list_deliveries(&all(), 2).await.expect("a page");
    assert_eq!(positions(&page), [4, 5]);
    let mut counts = side(&store).count_deliveries("b").await.expect("counts");
    counts.retain(|(_, count)| *count > 0);
    counts.sort_by_key(|(state, _)| *state == Discarded);
    assert_eq!(counts, [(Retrying, 1), (Discarded, 1)]);
}

/// An event may be delivered in the order of several streams: each has a delivery of its own.
pub async fn an_event_is_delivered_in_several_orders<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let ids = ["ann", "bob", "eve"];
    let writes = ids.map(|id| [park(&lease, id, 1, Retrying), park(&lease, id, 2, Waiting)]);
    deliver(&store, &lease, writes.into_iter().flatten().collect()).await;
    assert_eq!(due(&store, "s").await, [1, 1, 1]);
    deliver(&store, &lease, vec![done(&lease, "bob", 1)]).await;
    let mut sorted = due(&store, "s").await;
    sorted.sort_unstable();
    assert_eq!(sorted, [1, 1, 2], "the others are where they were");
    let of_eve =
        DeliveryFilter { stream: Some(stream("eve")), position: Some(place(1)), ..DeliveryFilter::default() };
    assert_eq!(
        side(&store).decide_deliveries(&of_eve, &DeliveryAction::Discard, "ops", "because").await.ok(),
        Some(1)
    );
    let mut filter = DeliveryFilter { subscription: Some("s".to_owned()), ..DeliveryFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = side(&store).list_deliveries(&filter, 2).await.expect("a page");
        let Some(last) = page.last() else { break };
        filter.after = Some(last.place());
        seen.extend(page.iter().map(ParkedDelivery::place));
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted(), "{seen:?}");
}

/// Hundreds of deliveries in one commit.
pub async fn many_deliveries_are_parked_at_once<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let state = |at: u64| if at <= 100 { Retrying } else { Waiting };
    let writes = (1..=700).map(|at| park(&lease, &format!("{}", at % 100), at, state(at)));
    deliver(&store, &lease, writes.collect()).await;
    assert_eq!(due(&store, "s").await, (1..=100).collect::<Vec<_>>());
    let dones = (1..=700)
        .filter(|at| at % 100 < 50 || *at <= 100)
        .map(|at| done(&lease, &format!("{}", at % 100), at))
        .collect();
    commit(&store, &Commit { deliveries: dones, ..standing(&lease) }).await;
    assert_eq!(due(&store, "s").await, (150..200).collect::<Vec<_>>());
}

/// What is decided for a state is told in one place.
pub(super) const STATES: [DeliveryState; 5] = [Waiting, Retrying, Dead, Permanent, Discarded];
