use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        #[serde(renam = "holder")]
        owner: String,
    },
}

fn main() {}
