//! Transfers that all arrive or are undone, by way of a clearing house with bad manners: what the oracle says when
//! nothing happens to those who carry them out.

use std::time::Duration;

use gesta::{Builder, store::Store};
use gesta_tests::{
    Place,
    clearing::{Clearing, ClearingHouse, Manners},
    on_every_store,
    transfers::{Bank, Deps, End, Oracle, Town, Transfer, must_end},
};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

on_every_store!(all_transfers_end_as_they_must);

async fn start(store: Store, clearing: &Clearing) -> gesta::App<Bank> {
    let deps = Deps { house: ClearingHouse::at(clearing.address()) };
    Builder::<Bank>::new(store, deps).start().await.expect("an app")
}

async fn all_transfers_end_as_they_must(place: &Place) {
    let manners = Manners { latest: Duration::from_millis(30), ..Manners::bad(5) };
    let clearing = Clearing::start(manners).await;
    let store = place.open().await;
    let app = start(store.clone(), &clearing).await;
    Town::open(&app).await;
    let mut town = Town::new(5);
    let transfers: Vec<(Transfer, End)> = (0..120)
        .map(|_| town.transfer())
        .map(|transfer| (transfer.clone(), must_end(&transfer, &manners)))
        .collect();
    let mut handles = Vec::new();
    for (transfer, _) in &transfers {
        handles.push(app.start_saga(transfer.name.clone(), transfer.clone()).await.expect("a saga"));
    }
    // What was started is not started again.
    let (again, _) = &transfers[0];
    app.start_saga(again.name.clone(), again.clone()).await.expect("the same saga");

    let mut oracle = Oracle::default();
    for handle in &handles {
        oracle.follow(&store).await;
        let outcome = timeout(PATIENCE, handle.outcome()).await;
        outcome.unwrap_or_else(|_| panic!("{} has no end", handle.id())).expect("an outcome");
    }
    oracle.follow(&store).await;
    let wrong = oracle.verdict(&transfers, &clearing.account());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let ends = |end: &End| transfers.iter().filter(|(_, found)| found == end).count();
    let undone = ["debit", "clear", "credit"].map(|step| ends(&End::Compensated(step.into())));
    assert!(ends(&End::Completed) > 40 && undone.iter().all(|count| *count > 3), "{undone:?}");
    app.shutdown().await.expect("the end");
}
