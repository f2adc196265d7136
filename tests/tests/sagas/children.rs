//! Sagas that start sagas, and wait for them.

use gesta::{
    prelude::*,
    saga,
    saga::{Child, Completed},
    store::{SagaFilter, SagaStatus},
};
use gesta_tests::{Place, on_every_store};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::{
    PATIENCE, id,
    transfer::{Account, AccountId, Deposit, Open, Withdraw},
};

on_every_store!(
    a_parent_is_completed_when_all_children_are,
    a_child_that_fails_undoes_the_others,
    a_list_of_commands_is_sent_and_joined,
    a_list_that_breaks_off_is_undone_as_far_as_it_went,
    a_parent_without_children_is_completed,
);

/// A part of a payment.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    from: AccountId,
    to: AccountId,
    cents: u64,
}

#[saga(version = 1)]
impl Part {
    #[step(compensate = give_back)]
    fn take(&self) -> Dispatch<AccountId, Withdraw> {
        self.from.send(Withdraw { cents: self.cents })
    }
    fn give_back(&self) -> Dispatch<AccountId, Deposit> {
        self.from.send(Deposit { cents: self.cents })
    }
    #[step(pivot)]
    fn put(&self) -> Dispatch<AccountId, Deposit> {
        self.to.send(Deposit { cents: self.cents })
    }
}

/// A payment to several.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Payment {
    number: String,
    from: AccountId,
    to: Vec<AccountId>,
    cents: u64,
}

#[saga(version = 1)]
impl Payment {
    #[step(compensate = take_back)]
    fn parts(&self) -> Vec<Child<Part>> {
        let part = |to: &AccountId| Part { from: self.from.clone(), to: to.clone(), cents: self.cents };
        self.to.iter().map(|to| Child::new(format!("{}-{}", self.number, to), part(to))).collect()
    }

    /// The money goes back from those who have it.
    fn take_back(&self, parts: &Vec<Completed>) -> Vec<Dispatch<AccountId, Withdraw>> {
        let has = |to: &&AccountId| parts.iter().any(|part| part.id == format!("{}-{}", self.number, to));
        self.to.iter().filter(has).map(|to| to.send(Withdraw { cents: self.cents })).collect()
    }

    #[step(pivot)]
    fn thank(&self, parts: &Vec<Completed>) -> Option<Dispatch<AccountId, Deposit>> {
        (parts.len() > 1).then(|| self.from.send(Deposit { cents: 1 }))
    }
}

/// The same by commands.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Gift {
    to: Vec<AccountId>,
}

#[saga(version = 1)]
impl Gift {
    #[step(compensate = take_back)]
    fn give(&self) -> Vec<Dispatch<AccountId, Deposit>> {
        self.to.iter().map(|to| to.send(Deposit { cents: 5 })).collect()
    }
    fn take_back(&self, give: &Vec<Receipt>) -> Vec<Dispatch<AccountId, Withdraw>> {
        self.to.iter().take(give.len()).map(|to| to.send(Withdraw { cents: 5 })).collect()
    }
    #[step(pivot)]
    fn note(&self, give: &Vec<Receipt>) -> Option<Dispatch<AccountId, Deposit>> {
        assert_eq!(give.len(), self.to.len());
        None
    }
}

gesta::domain! { pub(crate) Payments { aggregates: [Account], sagas: [Payment, Part, Gift] } }

async fn app(place: &Place) -> App<Payments> {
    let app = Payments::app(place.open().await, ()).start().await.unwrap();
    for name in ["ann", "bob", "cid"] {
        app.create(&id(name), Open { cents: 100 }).await.unwrap();
    }
    app
}

async fn cents(app: &App<Payments>) -> [u64; 3] {
    let mut all = [0; 3];
    for (cents, name) in all.iter_mut().zip(["ann", "bob", "cid"]) {
        *cents = app.load::<Account>(&id(name)).await.unwrap().unwrap().cents;
    }
    all
}

fn payment(to: &[&str], cents: u64) -> Payment {
    Payment { number: "p-1".into(), from: id("ann"), to: to.iter().map(|name| id(name)).collect(), cents }
}

async fn outcome(app: &App<Payments>, saga: Payment) -> SagaOutcome {
    let handle = app.start_saga("p-1", saga).await.unwrap();
    timeout(PATIENCE, handle.outcome()).await.expect("an outcome in time").unwrap()
}

async fn a_parent_is_completed_when_all_children_are(place: &Place) {
    let app = app(place).await;
    assert_eq!(outcome(&app, payment(&["bob", "cid"], 30)).await, SagaOutcome::Completed);
    assert_eq!(cents(&app).await, [41, 130, 130]);
    let parts = SagaFilter { saga: Some("part".into()), ..SagaFilter::default() };
    let parts = app.sagas().list(&parts, 10).await.unwrap();
    assert!(parts.len() == 2 && parts.iter().all(|part| part.status == SagaStatus::Completed));
    app.shutdown().await.unwrap();
}

async fn a_child_that_fails_undoes_the_others(place: &Place) {
    let app = app(place).await;
    let SagaOutcome::Compensated { failed_step, reason } =
        outcome(&app, payment(&["bob", "nobody", "cid"], 10)).await
    else {
        panic!("not compensated")
    };
    assert_eq!(failed_step, "parts");
    assert!(reason.contains("saga.part/p-1-nobody was undone, because `put` failed"), "{reason}");
    // What bob and cid had was taken back; it is not given to ann by itself.
    assert_eq!(cents(&app).await, [80, 100, 100]);
    app.shutdown().await.unwrap();
}

async fn a_list_of_commands_is_sent_and_joined(place: &Place) {
    let app = app(place).await;
    let handle = app.start_saga("g-1", Gift { to: vec![id("ann"), id("bob"), id("ann")] }).await.unwrap();
    assert_eq!(timeout(PATIENCE, handle.outcome()).await.unwrap().unwrap(), SagaOutcome::Completed);
    assert_eq!(cents(&app).await, [110, 105, 100]);
    let none = app.start_saga("g-2", Gift { to: vec![] }).await.unwrap();
    assert_eq!(timeout(PATIENCE, none.outcome()).await.unwrap().unwrap(), SagaOutcome::Completed);
    app.shutdown().await.unwrap();
}

async fn a_list_that_breaks_off_is_undone_as_far_as_it_went(place: &Place) {
    let app = app(place).await;
    let handle = app.start_saga("g-1", Gift { to: vec![id("ann"), id("bob"), id("nobody")] }).await.unwrap();
    let outcome = timeout(PATIENCE, handle.outcome()).await.unwrap().unwrap();
    assert!(matches!(outcome, SagaOutcome::Compensated { .. }), "{outcome:?}");
    assert_eq!(cents(&app).await, [100, 100, 100]);
    app.shutdown().await.unwrap();
}

async fn a_parent_without_children_is_completed(place: &Place) {
    let app = app(place).await;
    assert_eq!(outcome(&app, payment(&[], 30)).await, SagaOutcome::Completed);
    app.shutdown().await.unwrap();
}
