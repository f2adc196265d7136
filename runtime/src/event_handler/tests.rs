//! The window, the ledger and the board, without a store.

use std::sync::Arc;

use super::{
    board::Board,
    item::{Item, Source},
    ledger::Ledger,
    window::Window,
    write,
};
use crate::{
    domain::Position,
    store::{DeliveryWrite, Lease, StreamId},
};

fn at(position: u64) -> Position {
    Position::from_raw(position)
}

fn parked(stream: &str, shard: u16, position: u64) -> Item {
    Item {
        lane: StreamId::new("account", stream),
        shard,
        position: at(position),
        version: position,
        event: "account.opened".into(),
        attempts: 0,
        unfinished: false,
        source: Source::Parked,
    }
}

fn fresh(stream: &str, shard: u16, position: u64) -> Item {
    let mut item = parked(stream, shard, position);
    let event = crate::store::EventRef {
        position: at(position),
        version: position,
        recorded_at: Default::default(),
        name: "account.opened",
        type_version: 1,
        meta: &[],
        payload: b"{}",
    };
    let lane = item.lane.clone();
    let entry = crate::store::LogEventRef { stream: &lane, event };
    item.source = Source::Feed(Arc::new(entry.into()));
    item
}

fn lease(shard: u16, position: u64) -> Lease {
    Lease { subscription: "h".into(), shard, token: 7, position: at(position) }
}

fn next(window: &mut Window) -> Option<u64> {
    window.next(|_| true).map(|item| item.position.raw())
}

fn window(events: &[(&str, u64)]) -> Window {
    let mut window = Window::default();
    for (stream, position) in events {
        assert!(window.push(fresh(stream, 0, *position)).is_none());
    }
    window
}

#[test]
fn of_a_stream_one_event_is_out_at_a_time() {
    let mut window = window(&[("ann", 1), ("ann", 2), ("bob", 3)]);
    assert_eq!((next(&mut window), next(&mut window), next(&mut window)), (Some(1), Some(3), None));
    assert!(!window.done(&fresh("ann", 0, 1)));
    assert_eq!((next(&mut window), window.fresh()), (Some(2), 2));
    window.done(&fresh("ann", 0, 2));
    window.done(&fresh("bob", 0, 3));
    assert_eq!((window.fresh(), window.has_ready()), (0, false));
}

#[test]
fn what_may_not_go_out_holds_up_its_stream_only() {
    let mut window = window(&[("ann", 1), ("bob", 2)]);
    assert_eq!(window.next(|item| item.position == at(2)).map(|item| item.position), Some(at(2)));
    assert_eq!(next(&mut window), Some(1));
}

#[test]
fn a_failure_blocks_the_stream_until_nothing_of_it_is_parked() {
    let mut window = window(&[("ann", 1), ("ann", 2), ("bob", 3)]);
    assert_eq!(next(&mut window), Some(1));
    let behind = window.failed(&fresh("ann", 0, 1));
    assert_eq!(behind.iter().map(|item| item.position).collect::<Vec<_>>(), [at(2)]);
    assert!(window.push(fresh("ann", 0, 4)).is_some(), "it belongs behind the others");
    assert_eq!((next(&mut window), next(&mut window)), (Some(3), None));
    assert_eq!(window.push_parked([parked("ann", 0, 1), parked("ann", 0, 2)]), 2);
    assert_eq!(window.push_parked([parked("ann", 0, 1)]), 0, "it is at hand");
    assert_eq!(next(&mut window), Some(1));
    assert_eq!(window.push_parked([parked("ann", 0, 1)]), 0, "it is out");
    assert!(!window.done(&parked("ann", 0, 1)), "there is another");
    assert_eq!(next(&mut window), Some(2));
    assert!(window.done(&parked("ann", 0, 2)), "that was the last at hand");
    window.unblock(&StreamId::new("account", "ann"));
    assert!(!window.has_blocked() && window.push(fresh("ann", 0, 5)).is_none());
}

#[test]
fn what_was_not_tried_comes_first_again() {
    let mut window = window(&[("ann", 1), ("ann", 2)]);
    let item = window.next(|_| true).unwrap();
    window.put_back(item);
    assert_eq!((next(&mut window), window.fresh()), (Some(1), 2));
    window.failed(&fresh("ann", 0, 1));
    window.push_parked([parked("ann", 0, 1)]);
    window.forget_parked();
    assert_eq!(next(&mut window), None, "the store has it");
    assert_eq!(window.at_rest(), [StreamId::new("account", "ann")]);
}

#[test]
fn a_position_stays_before_the_first_event_that_is_not_done() {
    let mut ledger = Ledger::new("h".into(), &[lease(0, 0), lease(1, 5)]);
    assert!(ledger.wants(0, at(1)) && !ledger.wants(1, at(5)) && !ledger.wants(2, at(9)));
    for position in [2, 4] {
        ledger.open(&fresh("ann", 0, position));
    }
    ledger.open(&fresh("bob", 1, 6));
    ledger.scanned(at(9));
    // A position that follows what was done last would skip the event at 2.
    ledger.done(&fresh("ann", 0, 4));
    ledger.done(&fresh("bob", 1, 6));
    let commit = ledger.commit().unwrap();
    let mut advances: Vec<_> =
        commit.advances.iter().map(|it| (it.shard, it.from, it.to, it.token)).collect();
    advances.sort_unstable();
    assert_eq!(advances, [(0, at(0), at(1), 7), (1, at(5), at(9), 7)]);
    assert_eq!(ledger.committed(&commit), at(1));
    ledger.done(&fresh("ann", 0, 2));
    let commit = ledger.commit().unwrap();
    assert_eq!(commit.advances.len(), 1, "the other has not moved");
    assert_eq!(ledger.committed(&commit), at(9));
    assert!(ledger.commit().is_none());
}

#[test]
fn what_is_parked_is_stored_with_the_position_behind_it() {
    let mut ledger = Ledger::new("h".into(), &[lease(0, 0)]);
    let item = fresh("ann", 0, 2);
    ledger.open(&item);
    ledger.scanned(at(2));
    assert_eq!(ledger.commit().unwrap().advances[0].to, at(1));
    ledger.park(&item, write::behind(&"h".into(), &item));
    let commit = ledger.commit().unwrap();
    assert_eq!(commit.advances[0].to, at(2));
    assert!(matches!(&commit.deliveries[..], [DeliveryWrite::Park { position, .. }] if *position == at(2)));
    ledger.committed(&commit);
    ledger.done(&parked("ann", 0, 2));
    let commit = ledger.commit().unwrap();
    assert_eq!(
        (commit.advances[0].from, commit.advances[0].to),
        (at(2), at(2)),
        "the lease is checked all the same"
    );
    assert!(matches!(&commit.deliveries[..], [DeliveryWrite::Done { .. }]));
}

#[test]
fn a_handler_waits_for_those_above_it_and_for_nobody_else() {
    let board = Board::default();
    let high = board.join(10, ["account.opened"]);
    let low = board.join(0, ["account.opened", "account.closed"]);
    let stranger = board.join(20, ["parcel.scanned"]);
    let all: Vec<Lease> = (0..4).map(|shard| lease(shard, 0)).collect();
    let (event, mut closed) = (fresh("ann", 0, 3), fresh("ann", 0, 4));
    closed.event = "account.closed".into();
    let below = low.begin(4, &all);
    assert!(below.may_begin(&event), "nobody above works");
    let _elsewhere = stranger.begin(4, &all);
    let above = high.begin(4, &all);
    assert!(!below.may_begin(&event), "it has not read that far");
    assert!(below.may_begin(&closed), "it does not want this");
    above.read([at(3)], at(3));
    assert!(!below.may_begin(&event), "it is at it");
    above.breaker(true);
    assert!(below.may_begin(&event), "it delivers nothing for a while");
    above.breaker(false);
    above.ended(at(3));
    assert!(below.may_begin(&event) && above.may_begin(&event));
    above.read([at(5)], at(5));
    let later = fresh("ann", 0, 5);
    assert!(!below.may_begin(&later));
    drop(above);
    assert!(below.may_begin(&later), "it has stopped");
    let own = crate::subscription::shard_of_stream(&later.lane, 4);
    let others: Vec<Lease> = (0..4).filter(|shard| *shard != own).map(|shard| lease(shard, 0)).collect();
    let _above = high.begin(4, &others);
    assert!(below.may_begin(&later), "another process has the shard");
}
