use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(pub String);

#[event]
pub enum AccountEvent {
    Opened { sponsor: AccountId },
}

fn main() {}
