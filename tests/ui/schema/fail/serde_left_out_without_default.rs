use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Schema)]
pub struct Place {
    #[serde(skip_serializing_if = "String::is_empty")]
    street: String,
}

fn main() {}
