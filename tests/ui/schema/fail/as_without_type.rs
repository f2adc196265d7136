use gesta::prelude::*;

#[derive(Schema)]
pub struct Priced {
    #[schema(as)]
    price: u64,
}

fn main() {}
