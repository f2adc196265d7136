use gesta::prelude::*;

#[event(version = 2)]
pub enum AccountEvent {
    Opened { owner: String },
}

fn main() {}
