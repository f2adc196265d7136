use gesta::prelude::*;

#[derive(serde::Serialize, Schema)]
pub struct Place {
    street: String,
}

#[event]
pub enum AccountEvent {
    Opened { owner: String, at: Place },
}

fn main() {}
