//! What is on the accounts, for those who look.

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

use super::{AccountEvent, AccountId};

/// What an account has, for those who look: one document per account, found by what is on it too.
#[projection(key = AccountId, version = 1)]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// Who has it.
    pub owner: String,
    /// What is on it, in hundredths.
    #[index]
    pub cents: i64,
}

#[apply(AccountEvent)]
impl Balance {
    fn opened(&mut self, owner: &str) {
        self.owner = owner.to_owned();
    }
    fn deposited(&mut self, cents: &u64) {
        self.cents = self.cents.saturating_add_unsigned(*cents);
    }
    fn withdrawn(&mut self, cents: &u64) {
        self.cents = self.cents.saturating_sub_unsigned(*cents);
    }
    fn booked(&mut self, cents: &i64) {
        self.cents = self.cents.saturating_add(*cents);
    }
}

/// What is on an account? Nothing is known of one that was not opened.
#[derive(Clone, Debug)]
pub struct BalanceOf(pub AccountId);

/// Which accounts have the most on them, so many?
#[derive(Clone, Debug)]
pub struct Richest(pub u64);

#[query_handler]
impl Balance {
    async fn balance_of(query: BalanceOf, reader: &Reader) -> Result<Option<i64>, ReadError> {
        Ok(reader.get::<Balance>(&query.0).await?.map(|balance| balance.cents))
    }

    async fn richest(query: Richest, reader: &Reader) -> Result<Vec<(String, Balance)>, ReadError> {
        let richest = reader.find::<Balance>().order_by(Balance::CENTS.descending()).limit(query.0);
        Ok(richest.page().await?.documents)
    }
}
