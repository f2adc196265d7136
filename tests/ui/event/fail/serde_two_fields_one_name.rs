use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        owner: String,
        #[serde(rename = "owner")]
        holder: String,
    },
}

fn main() {}
