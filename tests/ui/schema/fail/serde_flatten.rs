use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Schema)]
pub struct Place {
    street: String,
    #[serde(flatten)]
    more: std::collections::HashMap<String, String>,
}

fn main() {}
