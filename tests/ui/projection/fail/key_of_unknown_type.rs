use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[projection(key = JrId)]
#[derive(Default, Serialize, Deserialize)]
pub struct Sweets {
    count: u32,
}

fn main() {}
