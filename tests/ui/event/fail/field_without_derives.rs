use gesta::prelude::*;

pub struct Place {
    street: String,
}

#[event]
pub enum AccountEvent {
    Opened { owner: String, at: Place },
    Moved { to: Place },
}

fn main() {}
