use gesta::prelude::*;

#[event]
#[serde(tag = "type")]
pub enum AccountEvent {
    Opened { owner: String },
}

fn main() {}
