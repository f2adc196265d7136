//! A bank: accounts, what is on them, statements, and transfers to other banks.

mod account;
mod balance;
mod clearing;
mod dormancy;
mod statements;
mod transfer;

use std::sync::Arc;

use gesta::prelude::*;

pub use account::{
    Account, AccountError, AccountEvent, AccountId, Book, Deposit, FraudCheck, Open, Withdraw, WithdrawnV1,
};
pub use balance::{Balance, BalanceOf, Richest};
pub use clearing::{Cleared, Clearing, ClearingError};
pub use dormancy::{Dormancy, LARGE};
pub use statements::{PrintError, PrintOffice, Statements};
pub use transfer::Transfer;

gesta::domain! {
    pub Bank {
        deps: Deps,
        aggregates: [Account],
        sagas: [Transfer],
        process_managers: [Dormancy],
        projections: [Balance],
        event_handlers: [Statements],
    }
}

/// What the handlers and the sagas of the bank need of the application.
#[derive(Debug, Provide)]
pub struct Deps {
    /// Says which withdrawals look wrong.
    pub fraud: FraudCheck,
    /// Clears transfers to other banks.
    pub clearing: Clearing,
    /// Prints statements.
    pub office: Arc<PrintOffice>,
}

impl Default for Deps {
    fn default() -> Self {
        Self { fraud: FraudCheck { most: 10_000_000 }, clearing: Clearing::default(), office: Arc::default() }
    }
}
