use gesta::prelude::*;

pub struct Place {
    street: String,
}

#[event]
pub enum AccountEvent {
    Opened { owner: String, #[schema(as = String)] at: Place },
}

fn main() {}
