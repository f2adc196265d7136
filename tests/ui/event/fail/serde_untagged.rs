use gesta::prelude::*;

#[event]
#[serde(untagged)]
pub enum AccountEvent {
    Opened { owner: String },
}

fn main() {}
