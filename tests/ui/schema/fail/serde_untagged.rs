use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Schema)]
#[serde(untagged)]
pub enum Place {
    Street(String),
    Number(u64),
}

fn main() {}
