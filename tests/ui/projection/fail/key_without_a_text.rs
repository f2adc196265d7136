use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Shelf(u8);

#[projection(key = Shelf)]
#[derive(Default, Serialize, Deserialize)]
pub struct Sweets {
    count: u32,
}

fn main() {}
