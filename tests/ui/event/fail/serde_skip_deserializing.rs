use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        #[serde(skip_deserializing)]
        owner: String,
    },
}

fn main() {}
