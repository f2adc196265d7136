use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Schema)]
pub struct Place {
    street: String,
}

#[event]
pub enum AccountEvent {
    Opened {
        #[serde(flatten)]
        at: Place,
    },
}

fn main() {}
