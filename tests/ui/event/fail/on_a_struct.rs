use gesta::prelude::*;

#[event]
pub struct AccountOpened {
    owner: String,
}

fn main() {}
