use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        #[serde(skip_serializing_if = "String::is_empty")]
        owner: String,
    },
}

fn main() {}
