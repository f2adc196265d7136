use gesta::prelude::*;

pub struct Street;

#[derive(Schema)]
pub struct Place {
    street: Street,
    other: Street,
}

fn main() {}
