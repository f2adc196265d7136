use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(name = "account.opened", name = "account.begun")]
    Opened { owner: String },
}

fn main() {}
