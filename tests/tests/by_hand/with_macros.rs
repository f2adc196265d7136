//! The bank, by macros.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub(crate) struct AccountId(pub(crate) String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AccountEvent {
    Opened {
        owner: String,
    },
    Deposited {
        cents: u64,
    },
    #[event(version = 2, from(WithdrawnV1))]
    Withdrawn {
        cents: u64,
        reason: String,
    },
}

#[derive(Deserialize, Schema)]
pub(crate) struct WithdrawnV1 {
    cents: u64,
}

impl From<WithdrawnV1> for AccountEvent {
    fn from(old: WithdrawnV1) -> Self {
        Self::Withdrawn { cents: old.cents, reason: "not recorded".into() }
    }
}

#[aggregate(id = AccountId, event = AccountEvent, snapshot_every = 100)]
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) owner: String,
    pub(crate) balance: u64,
}

#[apply(AccountEvent)]
impl Account {
    fn opened(&mut self, owner: &String) {
        self.owner = owner.clone();
    }

    fn deposited(&mut self, cents: &u64) {
        self.balance += cents;
    }

    fn withdrawn(&mut self, cents: &u64) {
        self.balance -= cents;
    }
}

pub(crate) struct Open {
    pub(crate) owner: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Withdraw {
    pub(crate) cents: u64,
    pub(crate) reason: String,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("an account needs an owner")]
    NoOwner,
    #[error("only {balance} left")]
    Overdrawn { balance: u64 },
    #[error("refused")]
    Refused,
}

#[command_handler]
impl Account {
    fn open(cmd: Open) -> Result<AccountEvent, AccountError> {
        if cmd.owner.is_empty() {
            return Err(AccountError::NoOwner);
        }
        Ok(AccountEvent::Opened { owner: cmd.owner })
    }

    fn deposit(&self, cmd: Deposit) -> Result<Option<AccountEvent>, Infallible> {
        Ok((cmd.cents > 0).then_some(AccountEvent::Deposited { cents: cmd.cents }))
    }

    async fn withdraw(&self, cmd: Withdraw, fraud: &FraudCheck) -> Result<AccountEvent, AccountError> {
        if cmd.cents > self.balance {
            return Err(AccountError::Overdrawn { balance: self.balance });
        }
        if !fraud.allows(cmd.cents).await {
            return Err(AccountError::Refused);
        }
        Ok(AccountEvent::Withdrawn { cents: cmd.cents, reason: cmd.reason })
    }
}

#[projection(key = AccountId)]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Balance {
    #[index]
    pub(crate) owner: String,
    pub(crate) cents: u64,
}

#[apply(AccountEvent)]
impl Balance {
    fn opened(&mut self, owner: &String) {
        self.owner = owner.clone();
    }

    fn deposited(&mut self, cents: &u64) {
        self.cents += cents;
    }

    fn withdrawn(&mut self, cents: &u64) {
        self.cents -= cents;
    }
}

pub(crate) struct BalanceOf(pub(crate) AccountId);

#[query_handler]
impl Balance {
    async fn balance_of(query: BalanceOf, reader: &Reader) -> Result<Option<u64>, ReadError> {
        Ok(reader.get::<Balance>(&query.0).await?.map(|balance| balance.cents))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("no such mailbox")]
    NoMailbox,
}

pub(crate) struct Statements;

#[event_handler(name = "statements", attempts = 5, timeout = "10s", permanent(MailError::NoMailbox))]
impl Statements {
    #[on(AccountEvent::Withdrawn { cents })]
    async fn withdrawn(id: &AccountId, cents: &u64, meta: &Meta, mailer: &Mailer) -> Result<(), MailError> {
        mailer.send(id, format!("{cents} withdrawn by {}", meta.actor.as_deref().unwrap_or("nobody"))).await
    }
}

/// Keeps what it sends.
#[derive(Clone, Default)]
pub(crate) struct Mailer {
    pub(crate) sent: Arc<Mutex<Vec<String>>>,
}

impl Mailer {
    async fn send(&self, to: &AccountId, text: String) -> Result<(), MailError> {
        tokio::task::yield_now().await;
        if to.0 == "nobody" {
            return Err(MailError::NoMailbox);
        }
        self.sent.lock().unwrap().push(format!("{to}: {text}"));
        Ok(())
    }
}

pub(crate) struct FraudCheck {
    most: u64,
}

impl FraudCheck {
    async fn allows(&self, cents: u64) -> bool {
        tokio::task::yield_now().await;
        cents <= self.most
    }
}

#[derive(Provide)]
pub(crate) struct Deps {
    fraud: FraudCheck,
    pub(crate) mailer: Mailer,
}

impl Deps {
    pub(crate) fn new(most: u64) -> Self {
        Self { fraud: FraudCheck { most }, mailer: Mailer::default() }
    }
}

gesta::domain! {
    pub(crate) Bank {
        deps: Deps,
        aggregates: [Account],
        projections: [Balance],
        event_handlers: [Statements],
    }
}
