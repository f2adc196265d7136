use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[projection(key = JarId)]
#[derive(Default, Serialize, Deserialize)]
pub struct Sweets {
    #[index(name = "")]
    count: u32,
}

fn main() {}
