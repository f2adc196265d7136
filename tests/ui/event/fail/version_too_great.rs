use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(version = 65536)]
    Opened { owner: String },
}

fn main() {}
