use gesta::prelude::*;

#[event(name = "my account")]
pub enum AccountEvent {
    Opened { owner: String },
    Closed,
}

fn main() {}
