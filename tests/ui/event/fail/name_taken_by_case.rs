use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    HttpCalled,
    HTTPCalled,
}

fn main() {}
