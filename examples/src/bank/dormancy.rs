//! Accounts that nobody uses.

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

use super::{AccountEvent, AccountId, Deposit};

/// Follows each account: it notes the one that was opened long ago, and thanks for large withdrawals with a hundredth.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Dormancy {
    warned: bool,
}

/// Withdrawals above this, in hundredths, are large.
pub const LARGE: u64 = 1_000_000;

#[process_manager(key = AccountId)]
impl Dormancy {
    #[on(AccountEvent::Opened)]
    fn opened(&mut self) -> Timer<Self> {
        Self::QUIET_TOO_LONG.after(Duration::from_secs(90 * 86_400))
    }

    #[on(AccountEvent::Withdrawn { cents })]
    fn withdrawn(&mut self, id: &AccountId, cents: &u64) -> Option<Dispatch<AccountId, Deposit>> {
        (*cents > LARGE).then(|| id.send(Deposit { cents: 1 }))
    }

    #[deadline]
    fn quiet_too_long(&mut self) {
        self.warned = true;
    }
}

#[cfg(test)]
mod tests {
    use gesta::test::given_instance;

    use super::*;

    const QUARTER: Duration = Duration::from_secs(90 * 86_400);

    #[test]
    fn an_account_is_looked_at_after_a_quarter_of_a_year() {
        let ann = AccountId("ann".into());
        let opened = AccountEvent::Opened { owner: "Ann".into() };
        given_instance::<Dormancy>(&ann)
            .when(&ann, opened.clone())
            .then(Dormancy::QUIET_TOO_LONG.after(QUARTER));
        given_instance::<Dormancy>(&ann)
            .and(&ann, [opened])
            .when_deadline(Dormancy::QUIET_TOO_LONG)
            .then_state(|dormancy| assert!(dormancy.warned));
    }

    #[test]
    fn a_large_withdrawal_is_thanked_for() {
        let ann = AccountId("ann".into());
        let withdrawn = |cents| AccountEvent::Withdrawn { cents, reason: "rent".into() };
        given_instance::<Dormancy>(&ann).when(&ann, withdrawn(LARGE)).then_nothing();
        given_instance::<Dormancy>(&ann)
            .when(&ann, withdrawn(LARGE + 1))
            .then(ann.send(Deposit { cents: 1 }));
    }
}
