use gesta::prelude::*;

#[event(prefix = "account")]
pub enum AccountEvent {
    Opened { owner: String },
}

fn main() {}
