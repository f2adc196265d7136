use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: String },
    #[serde(skip)]
    Touched,
}

fn main() {}
