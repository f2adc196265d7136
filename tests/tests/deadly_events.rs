//! An event whose handler kills the process uses up its attempts like any other, and the others flow.

use std::{
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use gesta::store::{
    Append, DeliveryFilter, DeliveryState, Expected, NewEvent, ParkedDelivery, Store, StreamId,
};
use gesta_tests::{Database, Kind};

const PATIENCE: Duration = Duration::from_secs(30);
const LEASE: Duration = Duration::from_millis(300);
/// So many attempts the handler of the program has.
const ATTEMPTS: u32 = 2;

/// Runs the program until it dies, or until all of this holds in the store; whether it has died.
async fn run(url: &str, done: impl AsyncFn() -> bool) -> bool {
    let mut process = Command::new(env!("CARGO_BIN_EXE_deadly"))
        .args([url, &LEASE.as_millis().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let patience = Instant::now() + PATIENCE;
    let died = loop {
        if let Some(status) = process.try_wait().expect("its status") {
            assert!(
                status.signal().is_some(),
                "it was to be killed by the event, and has ended with {status}"
            );
            break true;
        }
        if done().await {
            drop(process.stdin.take());
            break !process.wait().expect("its status").success();
        }
        assert!(Instant::now() < patience, "it neither dies nor comes to an end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let _ = process.kill();
    died
}

async fn scan(store: &Store, id: &str, depots: &[&str]) {
    let event = |depot: &&str| NewEvent {
        name: "parcel.scanned",
        version: 2,
        payload: serde_json::to_vec(&serde_json::json!({ "depot": depot })).expect("JSON"),
    };
    let append = Append {
        events: depots.iter().map(event).collect(),
        stream: StreamId::new("parcel", id),
        ..gesta_tests::append(id, Expected::Any, [])
    };
    store.port().append(&[append]).await.expect("an outcome");
}

async fn parked(store: &Store) -> Vec<ParkedDelivery> {
    let side = store.port().read_side().expect("a read side");
    side.list_deliveries(&DeliveryFilter::default(), 1_000).await.expect("deliveries")
}

/// The position of the subscription, once there is one.
async fn position(store: &Store) -> u64 {
    let side = store.port().read_side().expect("a read side");
    let states = side.subscriptions(Some("scanner")).await.expect("a state");
    states.first().map_or(0, |state| state.position().raw())
}

async fn a_deadly_event_becomes_a_dead_letter(kind: Kind) {
    let database = Database::new(kind).await;
    let store = gesta::connect(database.url()).await.expect("a store");
    let ids: Vec<String> = (0..20).map(|n| format!("p-{n}")).collect();
    for id in &ids[..10] {
        scan(&store, id, &["fine", "too"]).await;
    }
    scan(&store, "deadly", &["fine", "deadly", "behind"]).await;
    for id in &ids {
        scan(&store, id, &["later"]).await;
    }
    let last = store.port().last_position().await.expect("a position").raw();
    let buried = async || {
        let parked = parked(&store).await;
        let states: Vec<_> = parked.iter().map(|parked| (parked.stream.id(), parked.state)).collect();
        let expected = [("deadly", DeliveryState::Dead), ("deadly", DeliveryState::Waiting)];
        states == expected && position(&store).await >= last
    };
    let (mut deaths, mut story) = (0, Vec::new());
    while run(database.url(), buried).await {
        deaths += 1;
        let parked = parked(&store).await;
        let line = |one: &ParkedDelivery| {
            format!("{} {} {:?} {} {:?}", one.stream, one.version, one.state, one.attempts, one.errors)
        };
        story.push(parked.iter().map(line).collect::<Vec<_>>());
        assert!(deaths <= ATTEMPTS + 1, "it goes on dying; after each death: {story:#?}");
    }
    // The first one is not known to anybody.
    assert_eq!(deaths, ATTEMPTS + 1);
    let letter = parked(&store).await.remove(0);
    assert!(letter.errors[0].contains("the process ended during the last 2 attempts"), "{:?}", letter.errors);
    store.port().close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadly_event_becomes_a_dead_letter_in_sqlite() {
    a_deadly_event_becomes_a_dead_letter(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadly_event_becomes_a_dead_letter_in_postgres() {
    a_deadly_event_becomes_a_dead_letter(Kind::Postgres).await;
}
