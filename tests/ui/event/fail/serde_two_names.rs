use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        #[serde(rename(serialize = "holder", deserialize = "owner"))]
        owner: String,
    },
}

fn main() {}
