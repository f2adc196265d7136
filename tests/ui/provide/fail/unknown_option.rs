use gesta::prelude::*;

#[derive(Provide)]
pub struct Deps {
    #[provide(hide)]
    limit: u64,
}

fn main() {}
