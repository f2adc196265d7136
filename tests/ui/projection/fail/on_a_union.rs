use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[projection(key = JarId)]
pub union Sweets {
    count: u32,
}

fn main() {}
