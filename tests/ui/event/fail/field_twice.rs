use gesta::prelude::*;

#[event]
#[derive(Clone, Debug)]
pub enum AccountEvent {
    Opened { owner: String, owner: u64 },
}

fn main() {}
