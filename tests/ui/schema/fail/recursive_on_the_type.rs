use gesta::prelude::*;

#[derive(Schema)]
#[schema(recursive)]
pub struct Node {
    value: u64,
}

fn main() {}
