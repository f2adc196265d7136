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
