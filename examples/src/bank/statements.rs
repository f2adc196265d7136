//! What is printed for every entry of the books.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use gesta::prelude::*;

use super::{AccountEvent, AccountId};

/// Prints a statement for every entry of the books, in the order of each account. One that cannot be printed becomes a
/// dead letter after three attempts, and the later ones of the account wait for it.
pub struct Statements;

#[event_handler(name = "statements", attempts = 3, timeout = "10s", backoff = fixed("50ms"))]
impl Statements {
    #[on(AccountEvent::Booked { day })]
    async fn booked(
        id: &AccountId,
        day: &str,
        key: &IdempotencyKey,
        office: &Arc<PrintOffice>,
    ) -> Result<(), PrintError> {
        office.print(id, day, key).await
    }
}

/// Prints statements: a stand-in for a service that is not always there.
#[derive(Debug, Default)]
pub struct PrintOffice {
    printed: AtomicU64,
    refused: Mutex<HashSet<String>>,
}

/// Why a statement is not printed.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum PrintError {
    /// Something is wrong at the office.
    #[error("the printer jams at the statements of account {account}")]
    Jammed {
        /// Whose statement it was to be.
        account: String,
    },
}

impl PrintOffice {
    /// From now on, the statements of an account are not printed.
    pub fn jam(&self, account: &str) {
        self.refused().insert(account.to_owned());
    }

    /// From now on, everything is printed.
    pub fn repair(&self) {
        self.refused().clear();
    }

    /// How many statements it has printed.
    pub fn printed(&self) -> u64 {
        self.printed.load(Ordering::Relaxed)
    }

    /// Prints a statement. A real one would print one with the same key once, however often it is asked.
    async fn print(&self, account: &AccountId, _day: &str, _key: &IdempotencyKey) -> Result<(), PrintError> {
        if self.refused().contains(&account.0) {
            return Err(PrintError::Jammed { account: account.0.clone() });
        }
        self.printed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
