use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
pub enum JarEvent {
    Changed { sweets: i64 },
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar;

#[apply(JarEvent, ignore(Changed))]
impl Jar {}

pub struct Change {
    pub sweets: i64,
}

#[command_handler]
impl Jar {
    fn change(&self, cmd: Change) -> Result<JarEvent, std::convert::Infallible> {
        Ok(JarEvent::Changed { sweets: cmd.sweets })
    }
}

#[derive(Clone, Serialize, Deserialize, Schema)]
pub struct Swap {
    pub from: JarId,
    pub to: JarId,
    pub sweets: i64,
}

#[derive(Clone, Serialize, Deserialize, Schema)]
pub struct SwapV1 {
    pub from: JarId,
    pub to: String,
    pub sweets: u32,
}

impl From<SwapV1> for Swap {
    fn from(old: SwapV1) -> Self {
        Self { from: old.from, to: JarId(old.to), sweets: old.sweets.into() }
    }
}

#[derive(Clone, Serialize, Deserialize, Schema)]
pub struct Weighed {
    pub grams: u64,
}

#[saga(version = 2, from(SwapV1))]
impl Swap {
    #[step(compensate = put_back)]
    fn take(&self) -> Dispatch<JarId, Change> {
        self.from.send(Change { sweets: -self.sweets })
    }

    fn put_back(&self) -> Dispatch<JarId, Change> {
        self.from.send(Change { sweets: self.sweets })
    }

    #[step(no_compensation = "a scale forgets")]
    async fn weigh(&self) -> Result<Weighed, std::convert::Infallible> {
        Ok(Weighed { grams: 5 })
    }

    #[step(pivot)]
    fn put(&self) -> Dispatch<JarId, Change> {
        self.to.send(Change { sweets: self.sweets })
    }
}

gesta::domain! {
    pub Shop { aggregates: [Jar], sagas: [Swap] }
}
