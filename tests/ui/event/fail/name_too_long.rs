use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(name = "account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.account.opened")]
    Opened { owner: String },
}

fn main() {}
