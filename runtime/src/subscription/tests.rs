//! The engine with drivers of every kind, on the store in memory.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Driver, Engine, EngineSettings, Plan, Work, shard_of_stream};
use crate::{
    domain::{Meta, Position, Start},
    log::Filter,
    store::{
        Advance, Append, Commit, EventStore, Expected, Memory, NewEvent, Outcome, ReadSide, Shards,
        StoreError, StreamId,
    },
};

const SOON: Duration = Duration::from_secs(20);

/// Notes the positions of its events, and commits after each batch.
#[derive(Debug)]
struct Notes {
    name: &'static str,
    shards: u16,
    filter: Filter,
    seen: Arc<Mutex<Vec<(Position, u64)>>>,
    /// How often it panics before it works.
    panics: Mutex<u32>,
}

impl Notes {
    fn new(name: &'static str) -> Self {
        Self { name, shards: 4, filter: Filter::new(), seen: Arc::default(), panics: Mutex::new(0) }
    }
}

#[async_trait]
impl Driver for Notes {
    fn plan(&self) -> Plan {
        let filter = self.filter.clone();
        Plan { name: self.name.into(), shards: self.shards, start: Start::Beginning, filter }
    }

    async fn work(&self, mut work: Work) -> Result<(), StoreError> {
        {
            let mut panics = self.panics.lock().unwrap();
            if *panics > 0 {
                *panics -= 1;
                drop(panics);
                panic!("no power");
            }
        }
        while let Some(batch) = work.feed.next().await? {
            let mut mine = Vec::new();
            for event in batch.events() {
                let shard = shard_of_stream(&event.stream, work.shards);
                if work.leases.iter().any(|lease| lease.shard == shard && event.position > lease.position) {
                    mine.push((event.position, event.version));
                }
            }
            if mine.is_empty() && !batch.events().is_empty() {
                continue;
            }
            let mut advances = Vec::new();
            for lease in &mut work.leases {
                let (from, to) = (lease.position, batch.to().max(lease.position));
                let subscription = Arc::clone(&lease.subscription);
                advances.push(Advance { subscription, shard: lease.shard, token: lease.token, from, to });
                lease.position = to;
            }
            let commit = Commit { advances, ..Commit::default() };
            let port = work.store.port();
            port.read_side().expect("a read side").commit(&commit).await?;
            self.seen.lock().unwrap().extend(mine);
            work.progress.committed(batch.to());
        }
        Ok(())
    }
}

async fn append(store: &Memory, id: &str, name: &'static str, count: usize) -> Position {
    let event = NewEvent { name, version: 1, payload: b"{}".to_vec() };
    let append = Append {
        stream: StreamId::new("lamp", id),
        expected: Expected::Any,
        key: None,
        meta: Meta::default(),
        events: vec![event; count],
        documents: Vec::new(),
        process: None,
        together: None,
    };
    match &store.append(&[append]).await.expect("an outcome")[..] {
        [Outcome::Appended(receipt)] => receipt.position,
        other => panic!("{other:?}"),
    }
}

fn engine(store: &Memory) -> Engine {
    Engine::new(store.clone().into(), EngineSettings { lease: Duration::from_millis(300) })
}

#[tokio::test]
async fn what_is_there_and_what_comes_is_seen_once() {
    let store = Memory::new();
    append(&store, "a", "lamp.on", 5_000).await;
    let (engine, notes) = (engine(&store), Notes::new("notes"));
    let seen = Arc::clone(&notes.seen);
    engine.run(Arc::new(notes)).await.expect("declared");
    engine.caught_up(SOON).await.expect("caught up");
    for n in 0..100 {
        append(&store, &format!("b-{}", n % 7), "lamp.on", 1).await;
    }
    engine.caught_up(SOON).await.expect("caught up");
    let positions: Vec<u64> = seen.lock().unwrap().iter().map(|(position, _)| position.raw()).collect();
    assert_eq!(positions, (1..=5_100).collect::<Vec<_>>());
    engine.stop().await;
    let state = store.subscriptions(Some("notes")).await.expect("a state").remove(0);
    assert!(state.shards.iter().all(|shard| shard.owner.is_none()), "{state:?}");
}

#[tokio::test]
async fn who_waits_for_what_nobody_wants_does_not_wait_for_long() {
    let store = Memory::new();
    let (engine, mut notes) = (engine(&store), Notes::new("notes"));
    notes.filter = Filter::new().event("lamp.off");
    engine.run(Arc::new(notes)).await.expect("declared");
    engine.caught_up(SOON).await.expect("caught up");
    let mut times = Vec::new();
    while times.len() < 20 {
        let position = append(&store, "a", "lamp.on", 1).await;
        let before = Instant::now();
        assert!(engine.reached("notes", position, before + SOON).await.expect("an answer"));
        times.push(before.elapsed());
    }
    // On a machine that is busy some take longer; without being waited for, each would take a second.
    assert!(times.iter().any(|time| *time < Duration::from_millis(500)), "{times:?}");
    engine.stop().await;
}

#[tokio::test]
async fn a_driver_that_panics_is_started_again_and_told_of() {
    let store = Memory::new();
    let (engine, mut notes) = (engine(&store), Notes::new("notes"));
    notes.panics = Mutex::new(2);
    let (seen, last) = (Arc::clone(&notes.seen), append(&store, "a", "lamp.on", 3).await);
    engine.run(Arc::new(notes)).await.expect("declared");
    let trouble = loop {
        if let Some(trouble) = engine.subscriptions().await.expect("states").remove(0).trouble {
            break trouble;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(trouble.message, "it panicked: no power");
    assert!(engine.reached("notes", last, Instant::now() + SOON).await.expect("an answer"));
    assert_eq!(seen.lock().unwrap().len(), 3);
    assert_eq!(engine.subscriptions().await.expect("states").remove(0).trouble, None, "it is over");
    engine.stop().await;
}

#[tokio::test]
async fn a_dropped_engine_is_gone() {
    let store = Memory::new();
    let one = engine(&store);
    one.run(Arc::new(Notes::new("notes"))).await.expect("declared");
    one.caught_up(SOON).await.expect("caught up");
    drop(one);
    let other = engine(&store);
    let notes = Notes::new("notes");
    let (seen, last) = (Arc::clone(&notes.seen), append(&store, "a", "lamp.on", 3).await);
    other.run(Arc::new(notes)).await.expect("declared");
    assert!(other.reached("notes", last, Instant::now() + SOON).await.expect("an answer"));
    assert_eq!(seen.lock().unwrap().len(), 3);
    let port: &dyn ReadSide = &store;
    other.stop().await;
    assert!(port.subscriptions(None).await.expect("states").remove(0).shards[0].owner.is_none());
}

#[tokio::test]
async fn who_cannot_renew_the_leases_stops_before_they_run_out() {
    let store = Memory::new();
    let engine = engine(&store);
    append(&store, "a", "lamp.on", 1).await;
    engine.run(Arc::new(Notes::new("notes"))).await.expect("declared");
    engine.caught_up(SOON).await.expect("caught up");
    let mut local = engine.core.members.find("notes").expect("a member").local.subscribe();
    let before = Instant::now();
    store.close().await;
    let stopped = local.wait_for(|local| local.position.is_none());
    tokio::time::timeout(SOON, stopped).await.expect("in time").expect("the member is there");
    // The last renewal may have been a third of the lease before.
    assert!(
        before.elapsed() >= Duration::from_millis(150),
        "{:?}: a lease is not lost by one failure",
        before.elapsed()
    );
    engine.stop().await;
}

#[tokio::test]
async fn nothing_is_done_where_nothing_happens() {
    let store = Memory::new();
    let (engine, notes) = (Engine::new(store.clone().into(), EngineSettings::default()), Notes::new("notes"));
    append(&store, "a", "lamp.on", 3).await;
    engine.run(Arc::new(notes)).await.expect("declared");
    engine.caught_up(SOON).await.expect("caught up");
    let (member, before) = (engine.core.members.find("notes").expect("a member"), Instant::now());
    let mut local = member.local.subscribe();
    local.borrow_and_update();
    let moved = tokio::time::timeout(Duration::from_millis(1_500), local.changed()).await;
    assert!(moved.is_err(), "its position was told again after {:?}", before.elapsed());
    engine.stop().await;
}
