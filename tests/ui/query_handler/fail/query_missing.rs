use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Filled { sweets: u32, owner: String },
    Renamed(String),
    Broken,
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar;

#[apply(JarEvent, ignore(Made, Filled, Renamed, Broken))]
impl Jar {}

#[projection(key = JarId)]
#[derive(Default, Serialize, Deserialize)]
pub struct Sweets {
    count: u32,
}

#[apply(JarEvent, ignore(Made, Renamed, Broken))]
impl Sweets {
    fn filled(&mut self, sweets: &u32) {
        self.count += sweets;
    }
}

pub struct CountOf(pub JarId);

#[query_handler]
impl Sweets {
    async fn count() -> Result<u32, ReadError> {
        Ok(0)
    }
}

fn main() {}
