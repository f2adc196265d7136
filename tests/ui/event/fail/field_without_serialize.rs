use gesta::prelude::*;
use serde::Deserialize;

#[derive(Deserialize, Schema)]
pub struct Place {
    street: String,
}

#[event]
pub enum AccountEvent {
    Opened { owner: String, at: Place },
}

fn main() {}
