//! What `#[saga]` writes: the steps as data, and what each of them comes to.

#![allow(missing_docs, reason = "a domain of this test alone")]

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU32, Ordering},
};

use gesta::{
    domain::{Classify, FailureClass, Provide},
    prelude::*,
    saga::{Outputs, Saga, StepCall, StepDone, StepKind, StepPolicy, Undo},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    Moved { cents: i64 },
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Default)]
pub struct Account;

#[apply(AccountEvent, ignore(Moved))]
impl Account {}

#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    pub cents: i64,
}

#[command_handler]
impl Account {
    fn moved(&self, cmd: Move) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Moved { cents: cmd.cents })
    }
}

#[derive(Debug, Default)]
pub struct Clearing {
    asked: AtomicU32,
}

pub trait Rates: Send + Sync {
    fn rate(&self) -> i64;
}

pub struct Fixed;

impl Rates for Fixed {
    fn rate(&self) -> i64 {
        2
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the clearing does not answer")]
pub struct ClearingDown;

#[derive(Debug, thiserror::Error)]
#[error("no such clearing")]
pub struct NoClearing;

impl Classify for NoClearing {
    fn class(&self) -> FailureClass {
        FailureClass::Permanent
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Cleared {
    reference: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    pub from: AccountId,
    pub to: AccountId,
    pub cents: i64,
}

#[saga(version = 3)]
impl Transfer {
    #[step(compensate = refund, attempts = 3)]
    fn debit(&self) -> Dispatch<AccountId, Move> {
        self.from.send(Move { cents: -self.cents })
    }

    fn refund(&self) -> Dispatch<AccountId, Move> {
        self.from.send(Move { cents: self.cents })
    }

    #[step(no_compensation = "an unused clearance expires", name = "clearing", attempts = 8, timeout = "5s")]
    async fn clear(
        &self,
        debit: &Receipt,
        key: &IdempotencyKey,
        clearing: &Clearing,
    ) -> Result<Cleared, ClearingDown> {
        if clearing.asked.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(ClearingDown);
        }
        Ok(Cleared { reference: format!("{key} after {}", debit.version) })
    }

    #[step(compensate = release, probe = registered, backoff = fixed("1s"))]
    async fn register(&self, rates: &dyn Rates) -> Result<i64, NoClearing> {
        if self.cents == 0 { Err(NoClearing) } else { Ok(self.cents * rates.rate()) }
    }

    async fn registered(&self, key: &IdempotencyKey, clear: &Cleared) -> Result<Option<i64>, ClearingDown> {
        Ok(clear.reference.starts_with(key.as_str()).then_some(self.cents))
    }

    #[compensation(attempts = 2, timeout = "1m")]
    async fn release(&self, register: &i64, clear: &Cleared, _clearing: &Clearing) -> Result<(), NoClearing> {
        if *register == 7 && clear.reference == "r" { Ok(()) } else { Err(NoClearing) }
    }

    #[step(pivot)]
    fn credit(&self, clear: &Cleared) -> Option<Dispatch<AccountId, Move>> {
        (clear.reference != "none").then(|| self.to.send(Move { cents: self.cents }))
    }

    #[step(retriable)]
    fn tell(&self, credit: &Option<Receipt>) -> Vec<Dispatch<AccountId, Move>> {
        credit.iter().map(|_| self.from.send(Move { cents: 0 })).collect()
    }
}

gesta::domain! {
    pub Bank {
        deps: Deps,
        aggregates: [Account],
        sagas: [Transfer],
    }
}

#[derive(Provide)]
pub struct Deps {
    clearing: Clearing,
    rates: Fixed,
}

impl Provide<dyn Rates> for Deps {
    fn provide(&self) -> &(dyn Rates + 'static) {
        &self.rates
    }
}

fn transfer(cents: i64) -> Transfer {
    Transfer { from: AccountId("ann".into()), to: AccountId("bob".into()), cents }
}

fn call<'a>(key: &'a IdempotencyKey, outputs: &'a Outputs) -> StepCall<'a> {
    StepCall { saga: Transfer::NAME, id: "t-1", key, attempt: 1, outputs }
}

fn outputs() -> Outputs {
    let mut outputs = Outputs::new();
    let receipt = r#"{"version":5,"position":9,"events":1}"#;
    outputs.set(0, receipt.into());
    outputs.set(1, r#"{"reference":"r"}"#.into());
    outputs.set(2, b"7".to_vec());
    outputs.set(3, receipt.into());
    outputs
}

fn json(done: &StepDone) -> String {
    let StepDone::Output(json) = done else { panic!("{done:?} is no output") };
    String::from_utf8(json.clone()).unwrap()
}

#[test]
fn the_steps_are_data() {
    assert_eq!((Transfer::NAME, Transfer::VERSION), ("transfer", 3));
    let names: Vec<_> = Transfer::STEPS.iter().map(|step| step.name).collect();
    assert_eq!(names, ["debit", "clearing", "register", "credit", "tell"]);
    let kinds: Vec<_> = Transfer::STEPS.iter().map(|step| step.kind).collect();
    use StepKind::{Command, Foreign};
    assert_eq!(kinds, [Command, Foreign, Foreign, Command, Command]);
    let undos: Vec<_> = Transfer::STEPS.iter().map(|step| step.undo).collect();
    let policy = StepPolicy::persistent();
    let refund = Undo::Compensation { name: "refund", kind: Command, needs_output: false, policy };
    let policy = policy.attempts(2).timeout(Duration::from_secs(60));
    let release = Undo::Compensation { name: "release", kind: Foreign, needs_output: true, policy };
    let nothing = Undo::Nothing { reason: "an unused clearance expires" };
    assert_eq!(undos, [refund, nothing, release, Undo::Pivot, Undo::Retriable]);
    let forward = StepPolicy::forward();
    assert_eq!(Transfer::STEPS[0].policy, forward.attempts(3));
    assert_eq!(Transfer::STEPS[1].policy, forward.attempts(8).timeout(Duration::from_secs(5)));
    let second = gesta::domain::Backoff::fixed(Duration::from_secs(1));
    assert_eq!(Transfer::STEPS[2].policy, forward.backoff(second));
    assert_eq!(Transfer::STEPS[4].policy, StepPolicy::persistent());
    let probes: Vec<_> = Transfer::STEPS.iter().map(|step| step.probe).collect();
    assert_eq!(probes, [false, false, true, false, false]);
    assert_eq!(Transfer::STEPS[1].output, <Cleared as gesta::domain::Schema>::SHAPE);
    assert_eq!(Transfer::STEPS[4].output, <Vec<Receipt> as gesta::domain::Schema>::SHAPE);
}

#[test]
fn the_data_is_json() {
    let json = transfer(5).encode().unwrap();
    assert_eq!(std::str::from_utf8(&json).unwrap(), r#"{"from":"ann","to":"bob","cents":5}"#);
    assert_eq!(Transfer::decode(&json).unwrap(), transfer(5));
    assert!(Transfer::decode(b"{}").is_err());
}

#[tokio::test]
async fn a_command_step_says_what_to_send() {
    let (key, outputs, clearing) = (IdempotencyKey::from("k"), outputs(), Clearing::default());
    let deps = (&clearing, &Fixed as &dyn Rates);
    let saga = transfer(5);
    let done = saga.step(0, call(&key, &outputs), deps).await.unwrap();
    let StepDone::Send(sent) = done else { panic!("{done:?}") };
    let (to, command) = sent.get::<AccountId, Move>().unwrap();
    assert_eq!((to, command), (&saga.from, &Move { cents: -5 }));
    let done = saga.compensate(0, call(&key, &outputs), deps).await.unwrap();
    assert!(matches!(done, StepDone::Send(sent) if sent.get::<AccountId, Move>().unwrap().1.cents == 5));
    let done = saga.step(3, call(&key, &outputs), deps).await.unwrap();
    assert!(matches!(done, StepDone::SendSome(Some(_))), "{done:?}");
    let done = saga.step(4, call(&key, &outputs), deps).await.unwrap();
    assert!(matches!(&done, StepDone::SendAll(all) if all.len() == 1), "{done:?}");
}

#[tokio::test]
async fn a_foreign_step_is_given_what_it_asks_for() {
    let (key, outputs, clearing) = (IdempotencyKey::from("k"), outputs(), Clearing::default());
    let deps = (&clearing, &Fixed as &dyn Rates);
    let saga = transfer(5);
    let failure = saga.step(1, call(&key, &outputs), deps).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Retryable);
    assert_eq!(failure.to_string(), "the clearing does not answer");
    let done = saga.step(1, call(&key, &outputs), deps).await.unwrap();
    assert_eq!(json(&done), r#"{"reference":"k after 5"}"#);
    assert_eq!(json(&saga.step(2, call(&key, &outputs), deps).await.unwrap()), "10");
    let failure = transfer(0).step(2, call(&key, &outputs), deps).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Permanent);
    assert_eq!(json(&saga.compensate(2, call(&key, &outputs), deps).await.unwrap()), "null");
    assert!(saga.probe(2, call(&key, &outputs), deps).await.unwrap().is_none());
    let r = IdempotencyKey::from("r");
    assert_eq!(json(&saga.probe(2, call(&r, &outputs), deps).await.unwrap().unwrap()), "5");
}

#[tokio::test]
async fn what_is_missing_is_told() {
    let (key, none, clearing) = (IdempotencyKey::from("k"), Outputs::new(), Clearing::default());
    let deps = (&clearing, &Fixed as &dyn Rates);
    let saga = transfer(5);
    let failure = saga.step(1, call(&key, &none), deps).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Permanent);
    assert!(failure.to_string().contains("has no output of its step number 0"), "{failure}");
    for failure in [
        saga.step(5, call(&key, &none), deps).await.unwrap_err(),
        saga.compensate(1, call(&key, &none), deps).await.unwrap_err(),
        saga.probe(0, call(&key, &none), deps).await.unwrap_err(),
    ] {
        assert_eq!(failure.class, FailureClass::Permanent);
        assert!(
            failure.to_string().starts_with("the saga `transfer` is asked for its step number"),
            "{failure}"
        );
    }
}
