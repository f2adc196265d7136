use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(name)]
    Opened { owner: String },
}

fn main() {}
