//! What is told and counted of sagas.

use gesta::{
    log::Filter,
    monitor::{MonitorEvent, SagaParked},
    prelude::*,
};
use gesta_tests::{Place, on_every_store};

use super::{id, transfer::Answer, transfer_of, with_accounts};

on_every_store!(an_instance_that_is_parked_is_told_of_in_the_same_transaction, sagas_are_counted,);

async fn an_instance_that_is_parked_is_told_of_in_the_same_transaction(place: &Place) {
    let world = with_accounts(place).await;
    world.clearing.will([Answer::Never, Answer::Down, Answer::Down, Answer::Down]);
    let SagaOutcome::Parked { reason, .. } = world.outcome("t-1", transfer_of(200)).await else {
        panic!("not parked")
    };
    let log = world.app.log().page(100).await.unwrap().events;
    let parked = log.iter().position(|entry| entry.name == "saga.transfer.parked").expect("parked");
    let told = &log[parked + 1];
    assert_eq!(
        (told.name.as_str(), told.stream.to_string()),
        ("gesta.saga_parked", "gesta/saga.transfer".into())
    );
    let expected = SagaParked {
        saga: "transfer".into(),
        id: "t-1".into(),
        version: log[parked].version,
        step: "clear".into(),
        reason,
    };
    assert_eq!(told.decode::<MonitorEvent>().unwrap(), MonitorEvent::SagaParked(expected));
    // Parked again, it is told of again; nothing else tells of it.
    world.clearing.will([Answer::Refuse]);
    world.app.saga::<super::Transfer>("t-1").compensate("ann", "enough").await.unwrap();
    let filter = Filter::new().event("gesta.saga_parked");
    let told = world.app.log().filter(filter).page(100).await.unwrap().events;
    assert_eq!(told.len(), 1);
    world.app.shutdown().await.unwrap();
}

async fn sagas_are_counted(place: &Place) {
    let world = with_accounts(place).await;
    assert_eq!(world.app.statistics().await.unwrap().sagas.len(), 0);
    assert_eq!(world.outcome("t-1", transfer_of(20)).await, SagaOutcome::Completed);
    world.clearing.will([Answer::Refuse, Answer::Down]);
    assert!(matches!(world.outcome("t-2", transfer_of(20)).await, SagaOutcome::Compensated { .. }));
    let statistics = world.app.statistics().await.unwrap();
    let numbers = &statistics.sagas["transfer"];
    assert_eq!((numbers.started, numbers.completed, numbers.compensated, numbers.parked), (2, 1, 1, 0));
    assert_eq!((numbers.in_doubt, numbers.compensation_failures, numbers.oldest), (0, 1, None));
    world.clearing.will([Answer::Never, Answer::Down, Answer::Down, Answer::Down]);
    assert!(matches!(world.outcome("t-3", transfer_of(20)).await, SagaOutcome::Parked { .. }));
    let statistics = world.app.statistics().await.unwrap();
    let numbers = &statistics.sagas["transfer"];
    assert_eq!((numbers.started, numbers.parked, numbers.in_doubt), (3, 1, 1));
    assert!(numbers.oldest.is_some(), "{numbers:?}");
    let (reason, count) = numbers.parked_by_reason.first_key_value().expect("a reason");
    assert!(reason.contains("not known") && *count == 1, "{numbers:?}");
    let steps = &statistics.steps;
    let of = |step: &str| (steps[step].count, steps[step].errors);
    assert_eq!((of("transfer.debit"), of("transfer.debit/undo")), ((3, 0), (1, 0)));
    assert_eq!((of("transfer.clear"), of("transfer.clear/undo")), ((6, 5), (2, 1)));
    // The first attempt has used up its time.
    assert!(steps["transfer.clear"].p99 >= Duration::from_millis(250), "{:?}", steps["transfer.clear"]);
    let ann = world.app.load::<super::Account>(&id("ann")).await.unwrap().unwrap();
    assert_eq!(ann.cents, 460, "one is done, one undone, one is parked");
    world.app.shutdown().await.unwrap();
}
