use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(name = "Account.Opened")]
    Opened { owner: String },
}

fn main() {}
