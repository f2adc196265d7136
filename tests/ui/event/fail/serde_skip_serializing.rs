use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        #[serde(skip_serializing)]
        owner: String,
    },
}

fn main() {}
