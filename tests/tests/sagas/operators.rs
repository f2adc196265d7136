//! What people decide about sagas.

use gesta::{
    prelude::SagaOutcome,
    saga::{SagaError, SagaEvent, SagaHandle},
    store::{SagaFilter, SagaStatus},
};
use gesta_tests::{Place, on_every_store};
use tokio::time::timeout;

use crate::{
    PATIENCE, World,
    transfer::{Answer, Cleared, Transfer},
    transfer_of, with_accounts,
};

on_every_store!(
    a_parked_saga_goes_on_when_it_is_retried,
    a_step_can_be_taken_for_done,
    a_saga_whose_outcome_is_unknown_is_brought_to_one_before_it_is_undone,
    an_abandoned_saga_stays_as_it_is,
    a_fork_begins_where_it_is_told_to,
    a_decision_that_does_not_fit_is_refused,
    instances_are_listed_and_counted,
    operators_and_workers_do_not_both_win,
);

/// A saga that nobody knows of whether its clearance has happened.
async fn parked(world: &World) -> SagaHandle<Transfer> {
    world.clearing.will([Answer::Never, Answer::Down, Answer::Down, Answer::Down]);
    let handle = world.app.start_saga("t-1", transfer_of(200)).by("ann").await.unwrap();
    let outcome = timeout(PATIENCE, handle.outcome()).await.unwrap().unwrap();
    assert!(matches!(outcome, SagaOutcome::Parked { .. }), "{outcome:?}");
    handle
}

async fn outcome(handle: &SagaHandle<Transfer>) -> SagaOutcome {
    let end = async {
        loop {
            match handle.outcome().await.unwrap() {
                SagaOutcome::Parked { .. } => tokio::task::yield_now().await,
                outcome => return outcome,
            }
        }
    };
    timeout(PATIENCE, end).await.expect("an outcome in time")
}

async fn last(handle: &SagaHandle<Transfer>, kind: &str) -> SagaEvent {
    let timeline = handle.timeline().await.unwrap();
    let found = timeline.into_iter().rev().find(|entry| entry.event.kind() == kind);
    found.unwrap_or_else(|| panic!("no `{kind}`")).event
}

async fn a_parked_saga_goes_on_when_it_is_retried(place: &Place) {
    let world = with_accounts(place).await;
    let handle = parked(&world).await;
    handle.retry("olga", "the service is back").await.unwrap();
    assert_eq!(outcome(&handle).await, SagaOutcome::Completed);
    let SagaEvent::Retried(retried) = last(&handle, "retried").await else { panic!() };
    assert_eq!((retried.actor.as_str(), retried.reason.as_str()), ("olga", "the service is back"));
    assert_eq!((world.cents("ann").await, world.cents("bob").await), (300, 700));
    world.app.shutdown().await.unwrap();
}

async fn a_step_can_be_taken_for_done(place: &Place) {
    let world = with_accounts(place).await;
    let handle = parked(&world).await;
    let calls = world.clearing.calls("clear").len();
    let cleared = Cleared { reference: "by telephone".into(), at_version: 2 };
    handle.skip_with(&cleared, "olga", "they have confirmed it").await.unwrap();
    assert_eq!(outcome(&handle).await, SagaOutcome::Completed);
    assert_eq!(world.clearing.calls("clear").len(), calls);
    assert!(matches!(last(&handle, "skipped").await, SagaEvent::Skipped(skipped) if skipped.actor == "olga"));
    world.app.shutdown().await.unwrap();
}

async fn a_saga_whose_outcome_is_unknown_is_brought_to_one_before_it_is_undone(place: &Place) {
    let world = with_accounts(place).await;
    let handle = parked(&world).await;
    let calls = world.clearing.calls("clear").len();
    handle.compensate("olga", "the customer has called").await.unwrap();
    let compensated =
        SagaOutcome::Compensated { failed_step: "clear".into(), reason: "the customer has called".into() };
    assert_eq!(outcome(&handle).await, compensated);
    assert_eq!(world.clearing.calls("clear").len(), calls + 1);
    assert_eq!(world.clearing.calls("release").len(), 1);
    assert_eq!(world.cents("ann").await, 500);
    world.app.shutdown().await.unwrap();
}

async fn an_abandoned_saga_stays_as_it_is(place: &Place) {
    let world = with_accounts(place).await;
    let handle = parked(&world).await;
    handle.abandon("olga", "it was settled by hand").await.unwrap();
    assert_eq!(outcome(&handle).await, SagaOutcome::Abandoned);
    assert_eq!(world.cents("ann").await, 300);
    assert!(world.clearing.calls("release").is_empty());
    world.app.shutdown().await.unwrap();
}

async fn a_fork_begins_where_it_is_told_to(place: &Place) {
    let world = with_accounts(place).await;
    let handle = parked(&world).await;
    assert!(matches!(handle.fork("t-2", "credit", "olga", "too early").await, Err(SagaError::NotNow { .. })));
    let fork = handle.fork("t-2", "clear", "olga", "a new number").await.unwrap();
    handle.abandon("olga", "it goes on as t-2").await.unwrap();
    assert_eq!(outcome(&fork).await, SagaOutcome::Completed);
    assert!(world.clearing.calls("clear").contains(&"saga.transfer/t-2/clear".to_owned()));
    // The money was taken once, by the first.
    assert_eq!((world.cents("ann").await, world.cents("bob").await), (300, 700));
    world.app.shutdown().await.unwrap();
}

async fn a_decision_that_does_not_fit_is_refused(place: &Place) {
    let world = with_accounts(place).await;
    assert_eq!(world.outcome("t-1", transfer_of(200)).await, SagaOutcome::Completed);
    let handle = world.app.saga::<Transfer>("t-1");
    for refused in [
        handle.retry("olga", "why not").await,
        handle.compensate("olga", "why not").await,
        handle.abandon("olga", "why not").await,
        handle.skip_with(&(), "olga", "why not").await,
        handle.reschedule(PATIENCE, "olga", "why not").await,
    ] {
        assert!(matches!(refused, Err(SagaError::NotNow { status: "completed", .. })), "{refused:?}");
    }
    let nobody = world.app.saga::<Transfer>("t-9");
    assert!(matches!(nobody.retry("olga", "why not").await, Err(SagaError::NotFound { .. })));
    assert!(matches!(nobody.status().await, Err(SagaError::NotFound { .. })));
    world.app.shutdown().await.unwrap();
}

async fn instances_are_listed_and_counted(place: &Place) {
    let world = with_accounts(place).await;
    let handle = parked(&world).await;
    assert_eq!(world.outcome("t-2", transfer_of(10)).await, SagaOutcome::Completed);
    let instances = world.app.sagas();
    let filter = SagaFilter { status: vec![SagaStatus::Parked], ..SagaFilter::default() };
    let listed = instances.list(&filter, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].id.as_str(), listed[0].step.as_deref()), ("t-1", Some("clear")));
    assert_eq!(&listed[0].stream(), handle.stream());
    let mut count = instances.count().await.unwrap();
    count.sort_by_key(|(_, status, _)| *status);
    let count: Vec<_> = count.iter().map(|(saga, status, n)| (&**saga, *status, *n)).collect();
    assert_eq!(count, [("transfer", SagaStatus::Parked, 1), ("transfer", SagaStatus::Completed, 1)]);
    world.app.shutdown().await.unwrap();
}

async fn operators_and_workers_do_not_both_win(place: &Place) {
    let world = with_accounts(place).await;
    let mut ends = Vec::new();
    for n in 0..20 {
        let app = world.app.clone();
        ends.push(tokio::spawn(async move {
            let handle = app.start_saga(format!("t-{n}"), transfer_of(10)).await.unwrap();
            let decided = handle.compensate("olga", "never mind").await;
            (outcome(&handle).await, decided)
        }));
    }
    let mut completed = 0;
    for end in ends {
        match end.await.unwrap() {
            (SagaOutcome::Completed, Err(SagaError::NotNow { .. })) => completed += 1,
            (SagaOutcome::Compensated { .. }, Ok(())) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        (world.cents("ann").await, world.cents("bob").await),
        (500 - 10 * completed, 500 + 10 * completed)
    );
    world.app.shutdown().await.unwrap();
}
