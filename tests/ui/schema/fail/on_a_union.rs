use gesta::prelude::*;

#[derive(Schema)]
pub union Number {
    whole: u64,
}

fn main() {}
