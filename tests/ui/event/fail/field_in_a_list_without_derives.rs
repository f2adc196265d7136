use gesta::prelude::*;

pub struct Place {
    street: String,
}

#[event]
pub enum AccountEvent {
    Opened { owner: String, places: Vec<Place> },
}

fn main() {}
