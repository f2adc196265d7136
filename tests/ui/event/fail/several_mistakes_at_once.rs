// 3 errors: there are three mistakes, and all are told at once.
use gesta::prelude::*;

#[event(prefix = "account")]
pub enum AccountEvent {
    #[event(version = 0)]
    Opened { owner: String },
    #[event(name = "Account")]
    Closed,
}

fn main() {}
