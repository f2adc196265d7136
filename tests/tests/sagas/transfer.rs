//! Money between accounts, cleared by a service outside.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use gesta::{
    app::{Register, Registry},
    codec::{DecodeError, EncodeError, decode_json, encode_json},
    domain::{CommandHandlers, Domain, HandlerFailure, PartInfo, PartOf, Schema, Supply},
    prelude::*,
    saga::{IntoStep, Saga, StepCall, StepDone, StepInfo, StepKind, StepPolicy, Undo},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub(crate) struct AccountId(pub(crate) String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AccountEvent {
    Opened { cents: u64 },
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) cents: u64,
}

#[apply(AccountEvent)]
impl Account {
    fn opened(&mut self, cents: &u64) {
        self.cents = *cents;
    }
    fn deposited(&mut self, cents: &u64) {
        self.cents += cents;
    }
    fn withdrawn(&mut self, cents: &u64) {
        self.cents -= cents;
    }
}

#[derive(Clone)]
pub(crate) struct Open {
    pub(crate) cents: u64,
}
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Withdraw {
    pub(crate) cents: u64,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("only {0} left")]
pub(crate) struct Overdrawn(u64);

#[command_handler]
impl Account {
    fn open(cmd: Open) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Opened { cents: cmd.cents })
    }
    fn deposit(&self, cmd: Deposit) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Deposited { cents: cmd.cents })
    }
    fn withdraw(&self, cmd: Withdraw) -> Result<AccountEvent, Overdrawn> {
        if cmd.cents > self.cents {
            return Err(Overdrawn(self.cents));
        }
        Ok(AccountEvent::Withdrawn { cents: cmd.cents })
    }
}

/// What the service outside does next: each answer once, then it says yes.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Down,
    Never,
    Panic,
    Refuse,
}

#[derive(Clone, Default)]
pub(crate) struct Clearing {
    pub(crate) answers: Arc<Mutex<Vec<Answer>>>,
    pub(crate) calls: Arc<Mutex<Vec<(String, String)>>>,
}

impl Clearing {
    pub(crate) fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn calls(&self, what: &str) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(did, _)| did == what).map(|(_, key)| key.clone()).collect()
    }

    async fn call(&self, what: &str, key: &IdempotencyKey) -> Result<(), HandlerFailure> {
        self.calls.lock().unwrap().push((what.into(), key.to_string()));
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            (!answers.is_empty()).then(|| answers.remove(0))
        };
        match answer {
            None => Ok(()),
            Some(Answer::Down) => Err(HandlerFailure::retryable("the service is down")),
            Some(Answer::Never) => std::future::pending().await,
            Some(Answer::Panic) => panic!("what the service said was nonsense"),
            Some(Answer::Refuse) => Err(HandlerFailure::permanent("the service refuses")),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) from: AccountId,
    pub(crate) to: AccountId,
    pub(crate) cents: u64,
}

#[derive(Serialize, Deserialize, Schema)]
pub(crate) struct Cleared {
    pub(crate) reference: String,
    pub(crate) at_version: u64,
}

const QUICK: Backoff = Backoff::fixed(Duration::from_millis(5));
const POLICY: StepPolicy =
    StepPolicy::forward().attempts(4).backoff(QUICK).timeout(Duration::from_millis(300));

use gesta::domain::Backoff;

impl Saga for Transfer {
    type Deps<'d> = (&'d Clearing,);
    const NAME: &'static str = "transfer";
    const VERSION: u16 = 1;
    const STEPS: &'static [StepInfo] = &[
        StepInfo::new(
            "debit",
            StepKind::Command,
            Undo::Compensation {
                name: "refund",
                kind: StepKind::Command,
                needs_output: false,
                policy: POLICY,
            },
            <Receipt as Schema>::SHAPE,
        ),
        StepInfo::new(
            "clear",
            StepKind::Foreign,
            Undo::Compensation {
                name: "release",
                kind: StepKind::Foreign,
                needs_output: false,
                policy: POLICY,
            },
            Cleared::SHAPE,
        )
        .policy(POLICY),
        StepInfo::new("credit", StepKind::Command, Undo::Pivot, <Receipt as Schema>::SHAPE),
    ];

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut json = Vec::new();
        encode_json(self, &mut json).map(|()| json)
    }

    fn decode(json: &[u8]) -> Result<Self, DecodeError> {
        decode_json(json)
    }

    async fn step<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        (clearing,): Self::Deps<'a>,
    ) -> Result<StepDone, HandlerFailure> {
        match step {
            0 => Ok(self.from.send(Withdraw { cents: self.cents }).into_step()),
            1 => {
                let debit: Receipt = call.output(0)?;
                clearing.call("clear", call.key).await?;
                StepDone::output(&Cleared { reference: call.key.to_string(), at_version: debit.version })
            }
            _ => {
                let _: Cleared = call.output(1)?;
                Ok(self.to.send(Deposit { cents: self.cents }).into_step())
            }
        }
    }

    async fn compensate<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        (clearing,): Self::Deps<'a>,
    ) -> Result<StepDone, HandlerFailure> {
        match step {
            0 => Ok(self.from.send(Deposit { cents: self.cents }).into_step()),
            _ => {
                clearing.call("release", call.key).await?;
                StepDone::output(&())
            }
        }
    }
}

#[derive(Provide)]
pub(crate) struct Deps {
    pub(crate) clearing: Clearing,
}

#[derive(Debug)]
pub(crate) enum Bank {}

impl Domain for Bank {
    type Deps = Deps;
    const NAME: &'static str = "Bank";
    const PARTS: &'static [PartInfo] = &[PartInfo::new(Account::NAME, "Account", AccountEvent::TYPES)];
}

impl PartOf<Bank> for Account {
    fn supply(deps: &Deps) -> <Self as CommandHandlers>::Deps<'_> {
        Supply::supply(deps)
    }
}

impl Register for Bank {
    fn register(registry: &mut Registry<Self>) {
        registry.aggregate::<Account>();
        registry.saga::<Transfer>();
    }
}

impl gesta::saga::RunsIn<Bank> for Transfer {}
