//! Sagas: done, or undone, whatever fails.

mod children;
mod observed;
mod operators;
mod transfer;
mod versions;

use std::time::Duration;

use gesta::{
    app::{App, Builder},
    prelude::SagaOutcome,
    saga::SagaError,
    store::{SagaStatus, Store},
};
use gesta_tests::{Place, on_every_store};
use tokio::time::timeout;
use transfer::{Account, AccountId, Answer, Bank, Clearing, Deps, Open, Transfer};

const PATIENCE: Duration = Duration::from_secs(30);

on_every_store!(
    a_transfer_is_completed,
    a_refused_step_undoes_what_was_done_before,
    a_first_step_that_is_refused_leaves_nothing_to_undo,
    a_foreign_step_is_tried_again_with_the_same_key,
    a_foreign_step_that_is_refused_is_undone_as_well,
    a_refused_pivot_undoes_everything,
    a_step_without_a_known_outcome_is_parked_when_its_attempts_are_used_up,
    starting_again_is_the_same_saga,
    another_process_goes_on,
    many_at_a_time_conserve_money,
);

struct World {
    app: App<Bank>,
    clearing: Clearing,
}

fn id(name: &str) -> AccountId {
    AccountId(name.into())
}

async fn world(store: Store) -> World {
    let clearing = Clearing::default();
    let app = Builder::new(store, Deps { clearing: clearing.clone() }).start().await.unwrap();
    World { app, clearing }
}

async fn with_accounts(place: &Place) -> World {
    let world = world(place.open().await).await;
    for name in ["ann", "bob"] {
        world.app.create(&id(name), Open { cents: 500 }).await.unwrap();
    }
    world
}

fn transfer_of(cents: u64) -> Transfer {
    Transfer { from: id("ann"), to: id("bob"), cents }
}

impl World {
    async fn cents(&self, name: &str) -> u64 {
        self.app.load::<Account>(&id(name)).await.unwrap().unwrap().cents
    }

    async fn outcome(&self, name: &str, saga: Transfer) -> SagaOutcome {
        let handle = self.app.start_saga(name, saga).await.unwrap();
        timeout(PATIENCE, handle.outcome()).await.expect("an outcome in time").unwrap()
    }
}

async fn a_transfer_is_completed(place: &Place) {
    let world = with_accounts(place).await;
    assert_eq!(world.outcome("t-1", transfer_of(200)).await, SagaOutcome::Completed);
    assert_eq!((world.cents("ann").await, world.cents("bob").await), (300, 700));
    let status = world.app.saga::<Transfer>("t-1").status().await.unwrap();
    assert_eq!((status.status, status.due_at), (SagaStatus::Completed, None));
    world.app.shutdown().await.unwrap();
}

async fn a_refused_step_undoes_what_was_done_before(place: &Place) {
    let world = with_accounts(place).await;
    let nobody = Transfer { to: id("nobody"), ..transfer_of(200) };
    let SagaOutcome::Compensated { failed_step, .. } = world.outcome("t-1", nobody).await else {
        panic!("not compensated")
    };
    assert_eq!(failed_step, "credit");
    assert_eq!(world.cents("ann").await, 500);
    assert_eq!(world.clearing.calls("release"), ["saga.transfer/t-1/clear/undo"]);
    world.app.shutdown().await.unwrap();
}

async fn a_first_step_that_is_refused_leaves_nothing_to_undo(place: &Place) {
    let world = with_accounts(place).await;
    let compensated =
        SagaOutcome::Compensated { failed_step: "debit".into(), reason: "only 500 left".into() };
    assert_eq!(world.outcome("t-1", transfer_of(900)).await, compensated);
    assert_eq!(world.cents("ann").await, 500);
    assert!(world.clearing.calls.lock().unwrap().is_empty());
    world.app.shutdown().await.unwrap();
}

async fn a_foreign_step_is_tried_again_with_the_same_key(place: &Place) {
    let world = with_accounts(place).await;
    world.clearing.will([Answer::Down, Answer::Panic, Answer::Down]);
    assert_eq!(world.outcome("t-1", transfer_of(200)).await, SagaOutcome::Completed);
    assert_eq!(world.clearing.calls("clear"), ["saga.transfer/t-1/clear"; 4]);
    world.app.shutdown().await.unwrap();
}

async fn a_foreign_step_that_is_refused_is_undone_as_well(place: &Place) {
    let world = with_accounts(place).await;
    world.clearing.will([Answer::Refuse]);
    let compensated =
        SagaOutcome::Compensated { failed_step: "clear".into(), reason: "the service refuses".into() };
    assert_eq!(world.outcome("t-1", transfer_of(200)).await, compensated);
    assert_eq!(world.clearing.calls("release").len(), 1);
    assert_eq!(world.cents("ann").await, 500);
    world.app.shutdown().await.unwrap();
}

async fn a_refused_pivot_undoes_everything(place: &Place) {
    let world = with_accounts(place).await;
    let nobody = Transfer { to: id("nobody"), ..transfer_of(200) };
    world.clearing.will([]);
    assert!(matches!(world.outcome("t-1", nobody).await, SagaOutcome::Compensated { .. }));
    assert_eq!(world.cents("ann").await, 500);
    world.app.shutdown().await.unwrap();
}

async fn a_step_without_a_known_outcome_is_parked_when_its_attempts_are_used_up(place: &Place) {
    let world = with_accounts(place).await;
    world.clearing.will([Answer::Never, Answer::Down, Answer::Down, Answer::Down]);
    let SagaOutcome::Parked { step, reason } = world.outcome("t-1", transfer_of(200)).await else {
        panic!("not parked")
    };
    assert_eq!(step, "clear");
    assert!(reason.contains("not known"), "{reason}");
    // Whether it has happened is not known, so nothing is undone.
    assert_eq!(world.cents("ann").await, 300);
    world.app.shutdown().await.unwrap();
}

async fn starting_again_is_the_same_saga(place: &Place) {
    let world = with_accounts(place).await;
    assert_eq!(world.outcome("t-1", transfer_of(200)).await, SagaOutcome::Completed);
    assert_eq!(world.outcome("t-1", transfer_of(200)).await, SagaOutcome::Completed);
    assert_eq!(world.cents("ann").await, 300);
    let other = world.app.start_saga("t-1", transfer_of(1)).await;
    assert!(matches!(other, Err(SagaError::StartedDifferently { .. })), "{other:?}");
    world.app.shutdown().await.unwrap();
}

async fn another_process_goes_on(place: &Place) {
    let store = place.open().await;
    let clearing = Clearing::default();
    let commands = Builder::<Bank>::new(store.clone(), Deps { clearing }).commands_only().await.unwrap();
    for name in ["ann", "bob"] {
        commands.create(&id(name), Open { cents: 500 }).await.unwrap();
    }
    let handle = commands.start_saga("t-1", transfer_of(200)).await.unwrap();
    assert_eq!(handle.status().await.unwrap().status, SagaStatus::Running);
    let world = world(store).await;
    assert_eq!(timeout(PATIENCE, handle.outcome()).await.unwrap().unwrap(), SagaOutcome::Completed);
    assert_eq!(world.cents("bob").await, 700);
    world.app.shutdown().await.unwrap();
}

async fn many_at_a_time_conserve_money(place: &Place) {
    let world = with_accounts(place).await;
    let mut handles = Vec::new();
    for n in 0..40 {
        let (from, to) = if n % 2 == 0 { ("ann", "bob") } else { ("bob", "ann") };
        let saga = Transfer { from: id(from), to: id(to), cents: 10 + n };
        handles.push(world.app.start_saga(format!("t-{n}"), saga).await.unwrap());
    }
    for handle in handles {
        let outcome = timeout(PATIENCE, handle.outcome()).await.expect("an outcome in time").unwrap();
        assert!(matches!(outcome, SagaOutcome::Completed | SagaOutcome::Compensated { .. }), "{outcome:?}");
    }
    assert_eq!(world.cents("ann").await + world.cents("bob").await, 1_000);
    world.app.shutdown().await.unwrap();
}
