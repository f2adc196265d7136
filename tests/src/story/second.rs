//! The bank, as it is released next: a withdrawal has a reason, and a transfer tells who is paid. The test of the story compiles this file as a crate of its own, too.

use std::convert::Infallible;

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
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

/// As it was stored before a reason was asked for.
#[derive(Deserialize, Schema)]
pub struct WithdrawnV1 {
    cents: u64,
}

impl From<WithdrawnV1> for AccountEvent {
    fn from(old: WithdrawnV1) -> Self {
        Self::Withdrawn { cents: old.cents, reason: "not recorded".into() }
    }
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Debug, Default)]
pub struct Account {
    pub cents: u64,
}

#[apply(AccountEvent)]
impl Account {
    fn opened(&mut self) {}
    fn deposited(&mut self, cents: &u64) {
        self.cents += cents;
    }
    fn withdrawn(&mut self, cents: &u64) {
        self.cents -= cents;
    }
}

pub struct Open {
    pub owner: String,
}
pub struct Deposit {
    pub cents: u64,
}
pub struct Withdraw {
    pub cents: u64,
    pub reason: String,
}

#[command_handler]
impl Account {
    fn open(cmd: Open) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Opened { owner: cmd.owner })
    }
    fn deposit(&self, cmd: Deposit) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Deposited { cents: cmd.cents })
    }
    fn withdraw(&self, cmd: Withdraw) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Withdrawn { cents: cmd.cents, reason: cmd.reason })
    }
}

/// The clearing house, which answers by now.
pub struct Clearing;

#[derive(Serialize, Deserialize, Schema)]
pub struct Cleared {
    pub reference: String,
}

#[derive(Serialize, Deserialize, Schema)]
pub struct Told {
    pub whom: String,
}

/// A transfer as the first release has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TransferV1 {
    from: AccountId,
    to: AccountId,
    cents: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transfer {
    pub from: AccountId,
    pub to: AccountId,
    pub cents: u64,
    pub purpose: String,
}

impl From<TransferV1> for Transfer {
    fn from(old: TransferV1) -> Self {
        Self { from: old.from, to: old.to, cents: old.cents, purpose: "not recorded".into() }
    }
}

#[saga(version = 2, from(TransferV1))]
impl Transfer {
    #[step(compensate = refund)]
    fn debit(&self) -> Dispatch<AccountId, Withdraw> {
        self.from.send(Withdraw { cents: self.cents, reason: self.purpose.clone() })
    }
    fn refund(&self) -> Dispatch<AccountId, Deposit> {
        self.from.send(Deposit { cents: self.cents })
    }

    #[step(no_compensation = "an unused clearance expires", timeout = "600s")]
    async fn clear(&self, _clearing: &Clearing) -> Result<Cleared, Infallible> {
        Ok(Cleared { reference: self.purpose.clone() })
    }

    #[step(pivot)]
    fn credit(&self, clear: &Cleared) -> Dispatch<AccountId, Deposit> {
        let _ = &clear.reference;
        self.to.send(Deposit { cents: self.cents })
    }

    #[step(retriable)]
    async fn tell(&self) -> Result<Told, Infallible> {
        Ok(Told { whom: self.to.0.clone() })
    }
}

#[derive(Provide)]
pub struct Deps {
    pub clearing: Clearing,
}

gesta::domain! {
    /// The bank.
    pub Bank {
        deps: Deps,
        aggregates: [Account],
        sagas: [Transfer],
    }
}
