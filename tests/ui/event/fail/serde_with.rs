use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        #[serde(with = "hex")]
        token: Vec<u8>,
    },
}

fn main() {}
