use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: &'static str },
}

fn main() {}
