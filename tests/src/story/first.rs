//! A bank, as it was released first. The test of the story compiles this file as a crate of its own, too.

use std::convert::Infallible;

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    Opened { owner: String },
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
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
        Ok(AccountEvent::Withdrawn { cents: cmd.cents })
    }
}

/// The clearing house, which never answers.
pub struct Clearing;

#[derive(Serialize, Deserialize, Schema)]
pub struct Cleared {
    pub reference: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transfer {
    pub from: AccountId,
    pub to: AccountId,
    pub cents: u64,
}

#[saga(version = 1)]
impl Transfer {
    #[step(compensate = refund)]
    fn debit(&self) -> Dispatch<AccountId, Withdraw> {
        self.from.send(Withdraw { cents: self.cents })
    }
    fn refund(&self) -> Dispatch<AccountId, Deposit> {
        self.from.send(Deposit { cents: self.cents })
    }

    #[step(no_compensation = "an unused clearance expires", timeout = "600s")]
    async fn clear(&self, _clearing: &Clearing) -> Result<Cleared, Infallible> {
        std::future::pending().await
    }

    #[step(pivot)]
    fn credit(&self, clear: &Cleared) -> Dispatch<AccountId, Deposit> {
        let _ = &clear.reference;
        self.to.send(Deposit { cents: self.cents })
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
