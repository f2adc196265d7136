use gesta::prelude::*;
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[projection(key = JarId)]
#[derive(Default, Serialize)]
pub struct Sweets {
    count: u32,
}

fn main() {}
