use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(version = 0)]
    Opened { owner: String },
}

fn main() {}
