use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: String },
    Opened { owner: u64 },
}

fn main() {}
