//! What happens to an account, what may be asked of it, and how it decides.

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

/// Names an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

/// What happens to an account. Amounts are in hundredths, whole numbers.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    /// Somebody has an account now.
    Opened {
        /// Who.
        owner: String,
    },
    /// Money came in.
    Deposited {
        /// How much.
        cents: u64,
    },
    /// Money went out.
    #[event(version = 2, from(WithdrawnV1))]
    Withdrawn {
        /// How much.
        cents: u64,
        /// What for.
        reason: String,
    },
    /// The old books say that this happened.
    Booked {
        /// What came in, or below zero what went out.
        cents: i64,
        /// The day, such as `1993-01-05`.
        day: String,
        /// What the books say that it was.
        text: String,
    },
}

/// `account.withdrawn` as it was stored before a reason was asked for.
#[derive(Deserialize, Schema)]
pub struct WithdrawnV1 {
    cents: u64,
}

impl From<WithdrawnV1> for AccountEvent {
    fn from(old: WithdrawnV1) -> Self {
        Self::Withdrawn { cents: old.cents, reason: "not recorded".into() }
    }
}

/// What an account decides with.
#[aggregate(id = AccountId, event = AccountEvent, snapshot_every = 100)]
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    owner: String,
    balance: i64,
}

impl Account {
    /// What is on it, in hundredths; below zero it is owed to the bank.
    pub fn balance(&self) -> i64 {
        self.balance
    }
}

#[apply(AccountEvent)]
impl Account {
    fn opened(&mut self, owner: &str) {
        self.owner = owner.to_owned();
    }
    fn deposited(&mut self, cents: &u64) {
        self.balance = self.balance.saturating_add_unsigned(*cents);
    }
    fn withdrawn(&mut self, cents: &u64) {
        self.balance = self.balance.saturating_sub_unsigned(*cents);
    }
    fn booked(&mut self, cents: &i64) {
        self.balance = self.balance.saturating_add(*cents);
    }
}

/// Opens an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Who has it.
    pub owner: String,
}

/// Pays in.
#[derive(Clone, Debug, PartialEq)]
pub struct Deposit {
    /// How much, in hundredths.
    pub cents: u64,
}

/// Takes out, as far as the account and the fraud check allow.
#[derive(Clone, Debug, PartialEq)]
pub struct Withdraw {
    /// How much, in hundredths.
    pub cents: u64,
    /// What for.
    pub reason: String,
}

/// Takes over an entry of the old books. It happened, so no limit can refuse it.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// What came in, or below zero what went out, in hundredths.
    pub cents: i64,
    /// The day, such as `1993-01-05`.
    pub day: String,
    /// What the books say that it was.
    pub text: String,
}

/// Why a command is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum AccountError {
    /// Without an owner there is no account.
    #[error("an account needs an owner")]
    NoOwner,
    /// More than there is.
    #[error("only {balance} left")]
    Overdrawn {
        /// What there is.
        balance: i64,
    },
    /// The fraud check says no.
    #[error("refused")]
    Refused,
    /// No account can hold so much.
    #[error("a balance of {balance} cannot change by {cents}: the sum is beyond what can be counted")]
    TooLarge {
        /// What there is.
        balance: i64,
        /// What was to be added.
        cents: i128,
    },
}

#[command_handler]
impl Account {
    fn open(cmd: Open) -> Result<AccountEvent, AccountError> {
        if cmd.owner.is_empty() {
            return Err(AccountError::NoOwner);
        }
        Ok(AccountEvent::Opened { owner: cmd.owner })
    }

    fn deposit(&self, cmd: Deposit) -> Result<Option<AccountEvent>, AccountError> {
        self.changed_by(cmd.cents.into())?;
        Ok((cmd.cents > 0).then_some(AccountEvent::Deposited { cents: cmd.cents }))
    }

    async fn withdraw(&self, cmd: Withdraw, fraud: &FraudCheck) -> Result<AccountEvent, AccountError> {
        if i128::from(cmd.cents) > self.balance.into() {
            return Err(AccountError::Overdrawn { balance: self.balance });
        }
        if !fraud.allows(cmd.cents).await {
            return Err(AccountError::Refused);
        }
        Ok(AccountEvent::Withdrawn { cents: cmd.cents, reason: cmd.reason })
    }

    fn book(&self, cmd: Book) -> Result<AccountEvent, AccountError> {
        self.changed_by(cmd.cents.into())?;
        Ok(AccountEvent::Booked { cents: cmd.cents, day: cmd.day, text: cmd.text })
    }
}

impl Account {
    fn changed_by(&self, cents: i128) -> Result<i64, AccountError> {
        let sum = i128::from(self.balance) + cents;
        sum.try_into().map_err(|_| AccountError::TooLarge { balance: self.balance, cents })
    }
}

/// Says which withdrawals look wrong.
#[derive(Clone, Debug)]
pub struct FraudCheck {
    /// Larger ones than this, in hundredths.
    pub most: u64,
}

impl FraudCheck {
    /// Whether a withdrawal may go on. A real one would ask somebody, so it is async.
    pub async fn allows(&self, cents: u64) -> bool {
        cents <= self.most
    }
}
#[cfg(test)]
mod tests {
    use gesta::test::{given, given_creating};

    use super::{super::Deps, *};

    fn opened() -> AccountEvent {
        AccountEvent::Opened { owner: "Ann".into() }
    }

    fn deposited(cents: u64) -> AccountEvent {
        AccountEvent::Deposited { cents }
    }

    fn rent(cents: u64) -> Withdraw {
        Withdraw { cents, reason: "rent".into() }
    }

    #[test]
    fn an_account_has_an_owner() {
        given_creating::<Account, _>(Open { owner: "Ann".into() }).then([opened()]);
        given_creating::<Account, _>(Open { owner: String::new() }).rejects(AccountError::NoOwner);
    }

    #[test]
    fn nothing_is_no_deposit() {
        given::<Account>([opened()]).when(Deposit { cents: 500 }).then([deposited(500)]);
        given::<Account>([opened()]).when(Deposit { cents: 0 }).then_nothing();
    }

    #[test]
    fn what_is_there_can_be_withdrawn() {
        let withdrawn = AccountEvent::Withdrawn { cents: 500, reason: "rent".into() };
        given::<Account>([opened(), deposited(500)]).when_with(rent(500), &Deps::default()).then([withdrawn]);
    }

    #[test]
    fn more_than_there_is_cannot_be_withdrawn() {
        given::<Account>([opened(), deposited(500)])
            .when_with(rent(501), &Deps::default())
            .rejects(AccountError::Overdrawn { balance: 500 });
    }

    #[test]
    fn a_withdrawal_that_looks_wrong_is_refused() {
        let careful = Deps { fraud: FraudCheck { most: 100 }, ..Deps::default() };
        given::<Account>([opened(), deposited(500)])
            .when_with(rent(200), &careful)
            .rejects(AccountError::Refused);
    }

    #[test]
    fn history_may_leave_an_account_below_zero() {
        let entry = Book { cents: -700, day: "1993-01-05".into(), text: "VYBER".into() };
        given::<Account>([opened(), deposited(500)])
            .when(entry)
            .then_state(|account| assert_eq!(account.balance(), -200));
    }

    #[test]
    fn no_balance_overflows() {
        given::<Account>([opened(), deposited(i64::MAX as u64)])
            .when(Deposit { cents: 1 })
            .rejects(AccountError::TooLarge { balance: i64::MAX, cents: 1 });
    }

    #[test]
    fn a_withdrawal_of_the_first_version_is_read_as_one_of_today() {
        let (index, kind) = AccountEvent::TYPES
            .iter()
            .enumerate()
            .find(|(_, kind)| kind.name == "account.withdrawn")
            .expect("its type");
        assert_eq!(kind.version, 2);
        let read = AccountEvent::decode(index, 1, br#"{"cents":500}"#).expect("readable");
        assert_eq!(read, AccountEvent::Withdrawn { cents: 500, reason: "not recorded".into() });
    }
}
