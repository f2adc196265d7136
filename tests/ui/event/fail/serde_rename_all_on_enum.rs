use gesta::prelude::*;

#[event]
#[serde(rename_all = "camelCase")]
pub enum AccountEvent {
    Opened { owner_name: String },
}

fn main() {}
