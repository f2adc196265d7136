use gesta::prelude::*;

#[derive(Schema)]
#[serde(transparent)]
pub struct Money {
    cents: u64,
    currency: String,
}

fn main() {}
