use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Place {
    street: String,
}

#[event]
pub enum AccountEvent {
    Opened { at: Place },
}
