// 2 errors: the block and the query both belong to a projection.
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

pub struct Sweets;

pub struct CountOf(pub JarId);

#[query_handler]
impl Sweets {
    async fn count_of(_: CountOf, _reader: &Reader) -> Result<u32, ReadError> {
        Ok(0)
    }
}

fn main() {}
