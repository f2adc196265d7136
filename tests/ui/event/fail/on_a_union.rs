use gesta::prelude::*;

#[event]
pub union AccountEvent {
    opened: u64,
}

fn main() {}
