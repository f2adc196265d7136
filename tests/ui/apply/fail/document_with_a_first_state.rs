use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Broken,
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar;

#[apply(JarEvent, ignore(Made, Broken))]
impl Jar {}

#[projection(key = JarId)]
#[derive(Default, Serialize, Deserialize)]
pub struct Owner {
    name: String,
}

#[apply(JarEvent, ignore(Broken))]
impl Owner {
    fn made(owner: &String) -> Self {
        Self { name: owner.clone() }
    }
}

fn main() {}
