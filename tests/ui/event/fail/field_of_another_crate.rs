use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: String, since: std::time::Instant },
}

fn main() {}
