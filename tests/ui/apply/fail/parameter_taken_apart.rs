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
    fn deposited(&mut self, (cents, _): &(u64, u64)) {
        self.balance += cents;
    }
}

fn main() {}
