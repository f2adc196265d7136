//! The test kit for sagas: what it finds, and that it finds it.

#![allow(missing_docs, reason = "the domains of a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, Mutex},
};

use futures_util::FutureExt;
use gesta::{
    domain::{Classify, FailureClass},
    prelude::*,
    test::{self, SagaTest, TestApp},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    Opened { cents: i64 },
    Moved { cents: i64 },
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub cents: i64,
}

#[apply(AccountEvent)]
impl Account {
    fn opened(&mut self, cents: &i64) {
        self.cents = *cents;
    }
    fn moved(&mut self, cents: &i64) {
        self.cents += cents;
    }
}

#[derive(Clone)]
pub struct Open {
    pub cents: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    pub cents: i64,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("only {0} left")]
pub struct Overdrawn(i64);

#[command_handler]
impl Account {
    fn open(cmd: Open) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Opened { cents: cmd.cents })
    }
    fn move_by(&self, cmd: Move) -> Result<AccountEvent, Overdrawn> {
        if self.cents + cmd.cents < 0 {
            return Err(Overdrawn(self.cents));
        }
        Ok(AccountEvent::Moved { cents: cmd.cents })
    }
}

/// A service outside, which knows what it was told by its keys.
#[derive(Clone, Debug, Default)]
pub struct Clearing {
    cleared: Arc<Mutex<BTreeMap<String, bool>>>,
    booked: Arc<Mutex<u32>>,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("nothing to release for {0}")]
pub struct NothingThere(String);

impl Classify for NothingThere {
    fn class(&self) -> FailureClass {
        FailureClass::Permanent
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Cleared {
    reference: String,
}

impl Clearing {
    fn clear(&self, key: &str) -> Cleared {
        // What was released stays released: a late call does not bring it back.
        self.cleared.lock().unwrap().entry(key.to_owned()).or_insert(true);
        Cleared { reference: key.to_owned() }
    }

    fn release(&self, key: &str) {
        self.cleared.lock().unwrap().insert(key.to_owned(), false);
    }

    fn open(&self) -> usize {
        self.cleared.lock().unwrap().values().filter(|open| **open).count()
    }

    /// A call that forgets its key.
    fn book(&self) -> u32 {
        let mut booked = self.booked.lock().unwrap();
        *booked += 1;
        *booked
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    pub from: AccountId,
    pub to: AccountId,
    pub cents: i64,
}

#[saga(version = 1)]
impl Transfer {
    #[step(compensate = refund, attempts = 3)]
    fn debit(&self) -> Dispatch<AccountId, Move> {
        self.from.send(Move { cents: -self.cents })
    }

    fn refund(&self) -> Dispatch<AccountId, Move> {
        self.from.send(Move { cents: self.cents })
    }

    #[step(compensate = release, attempts = 8)]
    async fn clear(&self, key: &IdempotencyKey, clearing: &Clearing) -> Result<Cleared, Infallible> {
        Ok(clearing.clear(key.as_str()))
    }

    async fn release(&self, key: &IdempotencyKey, clearing: &Clearing) -> Result<(), Infallible> {
        clearing.release(key.as_str().trim_end_matches("/undo"));
        Ok(())
    }

    #[step(pivot)]
    fn credit(&self, clear: &Cleared) -> Dispatch<AccountId, Move> {
        let _ = &clear.reference;
        self.to.send(Move { cents: self.cents })
    }

    #[step(retriable)]
    async fn tell(&self, key: &IdempotencyKey, clearing: &Clearing) -> Result<(), Infallible> {
        clearing.clear(&format!("{key} is told"));
        Ok(())
    }
}

/// Gives more back than it has taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generous {
    pub from: AccountId,
    pub to: AccountId,
    pub cents: i64,
}

#[saga(version = 1)]
impl Generous {
    #[step(compensate = refund)]
    fn debit(&self) -> Dispatch<AccountId, Move> {
        self.from.send(Move { cents: -self.cents })
    }

    fn refund(&self) -> Dispatch<AccountId, Move> {
        self.from.send(Move { cents: self.cents + 1 })
    }

    #[step(pivot)]
    fn credit(&self) -> Dispatch<AccountId, Move> {
        self.to.send(Move { cents: self.cents })
    }
}

/// Does not bear that what it undoes has not happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strict {
    pub from: AccountId,
}

#[saga(version = 1)]
impl Strict {
    #[step(compensate = release, attempts = 8)]
    async fn clear(&self, key: &IdempotencyKey, clearing: &Clearing) -> Result<Cleared, Infallible> {
        Ok(clearing.clear(key.as_str()))
    }

    #[compensation(attempts = 3)]
    async fn release(&self, key: &IdempotencyKey, clearing: &Clearing) -> Result<(), NothingThere> {
        let key = key.as_str().trim_end_matches("/undo");
        let known = clearing.cleared.lock().unwrap().contains_key(key);
        if !known {
            return Err(NothingThere(key.to_owned()));
        }
        clearing.release(key);
        Ok(())
    }

    #[step(pivot)]
    fn pay(&self) -> Dispatch<AccountId, Move> {
        self.from.send(Move { cents: -5 })
    }
}

/// Lacks an undo: the reason that it gives is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Careless {
    pub from: AccountId,
    pub to: AccountId,
    pub cents: i64,
}

#[saga(version = 1)]
impl Careless {
    #[step(no_compensation = "nobody misses it")]
    fn debit(&self) -> Dispatch<AccountId, Move> {
        self.from.send(Move { cents: -self.cents })
    }

    #[step(pivot)]
    fn credit(&self) -> Dispatch<AccountId, Move> {
        self.to.send(Move { cents: self.cents })
    }
}

/// Calls a service without telling it the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keyless {
    pub from: AccountId,
}

#[saga(version = 1)]
impl Keyless {
    #[step(pivot)]
    async fn book(&self, clearing: &Clearing) -> Result<u32, Infallible> {
        Ok(clearing.book())
    }
}

#[derive(Clone, Default, Provide)]
pub struct Deps {
    clearing: Clearing,
}

gesta::domain! {
    pub Bank {
        deps: Deps,
        aggregates: [Account],
        sagas: [Transfer, Generous, Strict, Careless, Keyless],
    }
}

fn id(name: &str) -> AccountId {
    AccountId(name.into())
}

fn transfer(cents: i64) -> Transfer {
    Transfer { from: id("ann"), to: id("bob"), cents }
}

async fn cents(app: &App<Bank>, name: &str) -> i64 {
    app.load::<Account>(&id(name)).await.unwrap().map_or(0, |account| account.cents)
}

/// A saga in a bank with two accounts. What is compared are the balances, and what the service has.
fn in_the_bank<S: gesta::saga::Saga + gesta::saga::RunsIn<Bank>>(saga: S) -> SagaTest<Bank, S> {
    test::saga_in::<Bank>(Deps::default)
        .given(|app| async move {
            app.create(&id("ann"), Open { cents: 500 }).await.unwrap();
        })
        .given_events(&id("bob"), || [AccountEvent::Opened { cents: 500 }])
        .saga(saga)
        .state(|app| async move { (cents(&app, "ann").await, cents(&app, "bob").await) })
}

/// With what the service outside has at the end.
fn with_clearing() -> SagaTest<Bank, Transfer> {
    let latest: Arc<Mutex<Clearing>> = Arc::default();
    let made = Arc::clone(&latest);
    let deps = move || {
        let deps = Deps::default();
        *made.lock().unwrap() = deps.clearing.clone();
        deps
    };
    test::saga_in::<Bank>(deps)
        .given_events(&id("ann"), || [AccountEvent::Opened { cents: 500 }])
        .given_events(&id("bob"), || [AccountEvent::Opened { cents: 500 }])
        .saga(transfer(200))
        .state(move |app| {
            let open = latest.lock().unwrap().open();
            async move { (cents(&app, "ann").await, cents(&app, "bob").await, open) }
        })
        .invariant(|app| async move {
            assert_eq!(cents(&app, "ann").await + cents(&app, "bob").await, 1_000, "money is conserved");
        })
}

/// What a test has failed with.
async fn failure(test: impl Future<Output = usize>) -> String {
    let panic = std::panic::AssertUnwindSafe(test).catch_unwind().await.expect_err("it finds nothing");
    *panic.downcast::<String>().expect("a text")
}

#[tokio::test]
async fn a_good_saga_passes_everything() {
    let test = with_clearing();
    test.completes().await;
    let runs =
        (test.every_step_fails().await, test.every_step_repeats().await, test.crash_at_every_point().await);
    println!("{runs:?} runs");
    assert!(runs.0 >= 12 && runs.1 == 5 && runs.2 >= 60, "{runs:?}");
}

#[tokio::test]
async fn single_runs_are_told_apart() {
    in_the_bank(transfer(200)).completes().await;
    in_the_bank(transfer(900)).compensates_at("debit").await;
    in_the_bank(transfer(200)).failing("clear").compensates_at("clear").await;
    in_the_bank(transfer(200)).failing("tell").parks_at("tell").await;
    let told = failure(async {
        in_the_bank(transfer(200)).compensates_at("clear").await;
        0
    });
    let told = told.await;
    assert!(told.contains("expected  compensated because of `clear`"), "{told}");
    assert!(told.contains("found     completed"), "{told}");
}

#[tokio::test]
async fn a_natural_failure_survives_crashes_too() {
    let test = in_the_bank(Transfer { to: id("nobody"), ..transfer(200) });
    test.compensates_at("credit").await;
    assert!(test.crash_at_every_point().await > 20);
}

#[tokio::test]
async fn a_wrong_refund_is_found() {
    let test = in_the_bank(Generous { from: id("ann"), to: id("bob"), cents: 200 });
    test.completes().await;
    let told = failure(test.every_step_fails()).await;
    assert!(told.contains("the saga `generous` does not keep its promise"), "{told}");
    assert!(told.contains("expected  (500, 500), as it was before"), "{told}");
    assert!(told.contains("found     (501, 500)"), "{told}");
    assert!(told.contains(r#".only("credit fails")"#), "{told}");
    // And alone.
    let told = failure(test.only("credit fails").every_step_fails()).await;
    assert!(told.contains("found     (501, 500)"), "{told}");
}

#[tokio::test]
async fn a_compensation_that_does_not_bear_that_nothing_has_happened_is_found() {
    let test = in_the_bank(Strict { from: id("ann") });
    test.completes().await;
    let told = failure(test.crash_at_every_point()).await;
    assert!(told.contains("nothing to release for saga.strict/test/clear"), "{told}");
    let told = failure(test.every_step_fails()).await;
    assert!(told.contains("found     parked at `clear`"), "{told}");
}

#[tokio::test]
async fn a_missing_undo_is_found() {
    let test = in_the_bank(Careless { from: id("ann"), to: id("bob"), cents: 200 });
    let told = failure(test.every_step_fails()).await;
    assert!(told.contains("found     (300, 500)"), "{told}");
}

#[tokio::test]
async fn a_call_without_its_key_is_found() {
    let latest: Arc<Mutex<Clearing>> = Arc::default();
    let made = Arc::clone(&latest);
    let test = test::saga_in::<Bank>(move || {
        let deps = Deps::default();
        *made.lock().unwrap() = deps.clearing.clone();
        deps
    })
    .saga(Keyless { from: id("ann") })
    .state(move |_| {
        let booked = *latest.lock().unwrap().booked.lock().unwrap();
        async move { booked }
    });
    test.completes().await;
    let told = failure(test.every_step_repeats()).await;
    assert!(told.contains("expected  1, as the undisturbed run leaves it"), "{told}");
    assert!(told.contains("found     2"), "{told}");
    let told = failure(test.crash_at_every_point()).await;
    assert!(told.contains("append 3 was step.succeeded `book` and completed"), "{told}");
    assert!(told.contains(r#".only("crash before 3")"#), "{told}");
}

#[tokio::test]
async fn an_invariant_that_is_broken_is_told_with_its_run() {
    let test = in_the_bank(transfer(200)).invariant(|app| async move {
        assert_eq!(cents(&app, "ann").await, 300, "ann pays always");
    });
    test.completes().await;
    let told = failure(test.every_step_fails()).await;
    assert!(told.contains("what holds always has failed in the run `debit fails`"), "{told}");
    assert!(told.contains("ann pays always"), "{told}");
}

#[tokio::test]
async fn steps_are_tested_alone() {
    let clearing = Deps::default();
    let saga = test::saga(transfer(200)).key("k-1");
    saga.step_with("debit", &clearing).await.sends([id("ann").send(Move { cents: -200 })]);
    saga.undo_with("debit", &clearing).await.sends([id("ann").send(Move { cents: 200 })]);
    let cleared: Cleared = saga.step_with("clear", &clearing).await.output();
    assert_eq!(cleared.reference, "k-1");
    let (class, text) = saga.step_with("credit", &clearing).await.fails();
    assert_eq!(class, FailureClass::Permanent);
    assert!(text.contains("no output of its step number 1"), "{text}");
    let saga = saga.with_output("clear", cleared);
    saga.step_with("credit", &clearing).await.sends([id("bob").send(Move { cents: 200 })]);
    let generous = test::saga(Generous { from: id("ann"), to: id("bob"), cents: 200 });
    generous.step("debit").await.sends([id("ann").send(Move { cents: -200 })]);
    let told = failure(async {
        generous.undo("debit").await.sends([id("ann").send(Move { cents: 200 })]);
        0
    });
    assert!(told.await.contains("other commands than expected"));
}

#[tokio::test]
async fn a_clock_that_is_moved_lets_due_attempts_run_at_once() {
    let app = TestApp::<Bank>::start(Deps::default()).await;
    for name in ["ann", "bob"] {
        app.create(&id(name), Open { cents: 500 }).await.unwrap();
    }
    // It is refused, and tried three times.
    let saga = app.start_saga("t-1", transfer(900)).await.unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(20), saga.outcome());
    assert!(matches!(outcome.await.unwrap().unwrap(), SagaOutcome::Compensated { .. }));
    let names: BTreeSet<_> = saga.timeline().await.unwrap().iter().map(|entry| entry.event.kind()).collect();
    assert!(names.contains("step.failed"), "{names:?}");
    app.shutdown().await.unwrap();
}
