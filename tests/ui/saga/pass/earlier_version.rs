use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Changed { sweets: i64 },
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar;

#[apply(JarEvent, ignore(Made, Changed))]
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

#[derive(Debug, thiserror::Error)]
#[error("the shop is closed")]
pub struct Closed;

pub struct Shop;

#[derive(Clone, Serialize, Deserialize)]
pub struct Swap {
    pub from: JarId,
    pub to: JarId,
    pub sweets: i64,
}

/// As it was stored before.
#[derive(Deserialize)]
pub struct OldSwap {
    pub from: JarId,
}

impl From<OldSwap> for Swap {
    fn from(old: OldSwap) -> Self {
        Self { to: old.from.clone(), from: old.from, sweets: 1 }
    }
}

#[saga(version = 2, from(OldSwap))]
impl Swap {
    #[step(compensate = put_back)]
    fn take(&self) -> Dispatch<JarId, Change> {
        self.from.send(Change { sweets: -self.sweets })
    }

    fn put_back(&self) -> Dispatch<JarId, Change> {
        self.from.send(Change { sweets: self.sweets })
    }

    #[step(pivot)]
    fn put(&self) -> Dispatch<JarId, Change> {
        self.to.send(Change { sweets: self.sweets })
    }
}

fn main() {
    use gesta::saga::Saga;
    let swap = Swap::migrate(1, br#"{"from":"a"}"#).unwrap().unwrap();
    assert_eq!((swap.to.0.as_str(), swap.sweets), ("a", 1));
    assert!(Swap::migrate(2, b"{}").is_none());
}
