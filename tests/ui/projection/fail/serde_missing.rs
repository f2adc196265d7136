use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[projection(key = JarId)]
#[derive(Default)]
pub struct Sweets {
    count: u32,
}

fn main() {}
