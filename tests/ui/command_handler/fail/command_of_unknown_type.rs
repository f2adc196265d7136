// 2 errors: rustc takes it for a type parameter where it stands in another, and not where it is named alone.
use std::convert::Infallible;

use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Filled { sweets: u32, by: String },
    Renamed(String),
    Broken,
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar {
    sweets: u32,
}

#[apply(JarEvent, ignore(Made, Renamed, Broken))]
impl Jar {
    fn filled(&mut self, sweets: &u32) {
        self.sweets += sweets;
    }
}

pub struct Make {
    pub owner: String,
}

#[derive(Clone)]
pub struct Fill {
    pub sweets: u32,
}

pub struct Drop;

#[derive(Debug, thiserror::Error)]
#[error("full")]
pub struct Full;

pub struct Shop;

impl Shop {
    pub async fn has(&self, sweets: u32) -> bool {
        sweets < 100
    }
}

#[command_handler]
impl Jar {
    fn make(cmd: Make) -> Result<JarEvent, Infallible> {
        Ok(JarEvent::Made { owner: cmd.owner })
    }

    async fn fill(&self, cmd: Fill, shop: &Shop) -> Result<JarEvent, Full> {
        if !shop.has(cmd.sweets).await {
            return Err(Full);
        }
        Ok(JarEvent::Filled { sweets: cmd.sweets, by: String::new() })
    }

    fn drop(&self, _: Dropped) -> Result<[JarEvent; 1], Infallible> {
        Ok([JarEvent::Broken])
    }
}

fn main() {}
