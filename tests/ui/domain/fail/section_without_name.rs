use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

#[event]
pub enum AccountEvent {
    Deposited { cents: u64 },
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Default)]
pub struct Account {
    balance: u64,
}

#[apply(AccountEvent)]
impl Account {
    fn deposited(&mut self, cents: &u64) {
        self.balance += cents;
    }
}

pub struct Deposit {
    pub cents: u64,
}

#[command_handler]
impl Account {
    fn deposit(&self, cmd: Deposit) -> Result<AccountEvent, std::convert::Infallible> {
        Ok(AccountEvent::Deposited { cents: cmd.cents })
    }
}

gesta::domain! {
    pub Bank {
        [Account],
    }
}

fn main() {}
