use gesta::prelude::*;

#[event("account")]
pub enum AccountEvent {
    Opened { owner: String },
}

fn main() {}
