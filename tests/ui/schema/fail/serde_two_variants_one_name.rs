use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Schema)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    OnTop,
    Ontop,
}

fn main() {}
