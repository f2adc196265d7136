use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(version = 2)]
    Opened { owner: String },
}

fn main() {}
