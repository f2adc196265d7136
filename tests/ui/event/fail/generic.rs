use gesta::prelude::*;

#[event]
pub enum AccountEvent<T> {
    Opened { owner: T },
}

fn main() {}
