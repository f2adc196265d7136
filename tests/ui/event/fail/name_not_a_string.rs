use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(name = opened)]
    Opened { owner: String },
}

fn main() {}
