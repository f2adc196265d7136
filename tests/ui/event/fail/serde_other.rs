use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: String },
    #[serde(other)]
    Unknown,
}

fn main() {}
