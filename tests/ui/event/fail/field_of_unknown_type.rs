use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: Strin },
}

fn main() {}
