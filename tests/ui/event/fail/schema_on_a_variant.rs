use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[schema(as = String)]
    Opened { owner: String },
}

fn main() {}
