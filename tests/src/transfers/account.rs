//! Accounts that know which transfer each of their movements belongs to.

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

/// Names an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

/// What happens to an account.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    /// It has begun, with something on it.
    Opened {
        /// So much.
        cents: u64,
        /// Whether it takes nothing in.
        closed: bool,
    },
    /// A transfer has taken something away.
    Debited {
        /// Which.
        transfer: String,
        /// So much.
        cents: u64,
    },
    /// It has given it back.
    Refunded {
        /// Which.
        transfer: String,
        /// So much.
        cents: u64,
    },
    /// It has brought it here.
    Credited {
        /// Which.
        transfer: String,
        /// So much.
        cents: u64,
    },
}

/// An account.
#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// What is on it.
    pub cents: u64,
    /// Whether it takes nothing in.
    pub closed: bool,
}

#[apply(AccountEvent)]
impl Account {
    fn opened(&mut self, cents: &u64, closed: &bool) {
        (self.cents, self.closed) = (*cents, *closed);
    }

    fn debited(&mut self, cents: &u64) {
        self.cents -= cents;
    }

    fn refunded(&mut self, cents: &u64) {
        self.cents += cents;
    }

    fn credited(&mut self, cents: &u64) {
        self.cents += cents;
    }
}

/// Opens an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// With so much on it.
    pub cents: u64,
    /// Whether it takes nothing in.
    pub closed: bool,
}

/// Takes something away for a transfer.
#[derive(Clone, Debug, PartialEq)]
pub struct Debit {
    /// Which.
    pub transfer: String,
    /// So much.
    pub cents: u64,
}

/// Gives it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Refund {
    /// Of which transfer.
    pub transfer: String,
    /// So much.
    pub cents: u64,
}

/// Brings what a transfer has taken elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Credit {
    /// Which.
    pub transfer: String,
    /// So much.
    pub cents: u64,
}

/// Why a command is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is too little on it.
    #[error("there is only {cents} left")]
    Overdrawn {
        /// So much.
        cents: u64,
    },
    /// It takes nothing in.
    #[error("the account is closed")]
    Closed,
}

#[command_handler]
impl Account {
    fn open(cmd: Open) -> Result<AccountEvent, AccountError> {
        Ok(AccountEvent::Opened { cents: cmd.cents, closed: cmd.closed })
    }

    fn debit(&self, cmd: Debit) -> Result<AccountEvent, AccountError> {
        if cmd.cents > self.cents {
            return Err(AccountError::Overdrawn { cents: self.cents });
        }
        Ok(AccountEvent::Debited { transfer: cmd.transfer, cents: cmd.cents })
    }

    fn refund(&self, cmd: Refund) -> Result<AccountEvent, AccountError> {
        Ok(AccountEvent::Refunded { transfer: cmd.transfer, cents: cmd.cents })
    }

    fn credit(&self, cmd: Credit) -> Result<AccountEvent, AccountError> {
        if self.closed {
            return Err(AccountError::Closed);
        }
        Ok(AccountEvent::Credited { transfer: cmd.transfer, cents: cmd.cents })
    }
}
