use gesta::prelude::*;

pub struct Street;

#[derive(Schema)]
pub enum Place {
    At(Street),
    Nowhere,
}

fn main() {}
