use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[serde(rename = "begun")]
    Opened { owner: String },
}

fn main() {}
