//! Money from one account to another, by way of the clearing house.

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

use super::{AccountId, Cleared, Clearing, ClearingError, Deposit, Withdraw};

/// Moves money from one account to another: all the way, or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Whose money.
    pub from: AccountId,
    /// Where to: for money that leaves the bank, the account that it keeps with the other one.
    pub to: AccountId,
    /// How much, in hundredths.
    pub cents: u64,
}

#[saga(version = 1)]
impl Transfer {
    /// Sends a command, so it is stored exactly once. If the account refuses, nothing has happened.
    #[step(compensate = refund)]
    fn debit(&self) -> Dispatch<AccountId, Withdraw> {
        self.from.send(Withdraw { cents: self.cents, reason: "transfer".into() })
    }

    fn refund(&self) -> Dispatch<AccountId, Deposit> {
        self.from.send(Deposit { cents: self.cents })
    }

    /// Calls a service, so it may be asked again by a process that does not know whether it was asked before. The key
    /// is the same each time, and the service reserves once for each key.
    #[step(
        no_compensation = "an unused clearance expires",
        attempts = 8,
        timeout = "5s",
        backoff = exponential("50ms")
    )]
    async fn clear(
        &self,
        debit: &Receipt,
        key: &IdempotencyKey,
        clearing: &Clearing,
    ) -> Result<Cleared, ClearingError> {
        clearing.reserve(key, self.cents, debit.version).await
    }

    /// When this is done, the transfer is.
    #[step(pivot)]
    fn credit(&self, clear: &Cleared) -> Dispatch<AccountId, Deposit> {
        let _ = &clear.reference;
        self.to.send(Deposit { cents: self.cents })
    }
}

#[cfg(test)]
mod tests {
    use gesta::{domain::FailureClass, test::saga};

    use super::{super::Deps, *};

    #[tokio::test]
    async fn money_leaves_and_arrives_or_comes_back() {
        let (ann, bob) = (AccountId("ann".into()), AccountId("bob".into()));
        let transfer = saga(Transfer { from: ann.clone(), to: bob.clone(), cents: 200 })
            .with_output("clear", Cleared { reference: "C-1".into() });
        let (deps, withdraw) = (Deps::default(), Withdraw { cents: 200, reason: "transfer".into() });
        transfer.step_with("debit", &deps).await.sends([ann.send(withdraw)]);
        transfer.undo_with("debit", &deps).await.sends([ann.send(Deposit { cents: 200 })]);
        transfer.step_with("credit", &deps).await.sends([bob.send(Deposit { cents: 200 })]);
    }

    #[tokio::test]
    async fn a_clearing_house_that_does_not_answer_is_asked_again() {
        let (ann, bob) = (AccountId("ann".into()), AccountId("bob".into()));
        let debited = Receipt { version: 3, position: Position::START, events: 1 };
        let transfer = saga(Transfer { from: ann, to: bob, cents: 200 }).with_output("debit", debited);
        let (class, told) = transfer.step_with("clear", &Deps::default()).await.fails();
        assert_eq!((class, told.contains("does not answer")), (FailureClass::Retryable, true), "{told}");
    }
}
