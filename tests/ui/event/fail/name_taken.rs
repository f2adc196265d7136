use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: String },
    #[event(name = "account.opened")]
    Reopened { owner: String },
}

fn main() {}
