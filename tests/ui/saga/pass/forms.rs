use std::convert::Infallible;

use gesta::prelude::*;
use gesta::saga::{Saga, StepKind};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Changed { sweets: i64 },
    Broken(u8),
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar;

#[apply(JarEvent, ignore(Made, Changed, Broken))]
impl Jar {}

pub struct Make;

pub struct Change {
    pub sweets: i64,
}

#[command_handler]
impl Jar {
    fn make(_: Make) -> Result<JarEvent, Infallible> {
        Ok(JarEvent::Made { owner: String::new() })
    }

    fn change(&self, cmd: Change) -> Result<JarEvent, Infallible> {
        Ok(JarEvent::Changed { sweets: cmd.sweets })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the shop is closed")]
pub struct Closed;

pub trait Shop: Send + Sync {
    fn open(&self) -> bool;
}

type Bill = Result<String, Closed>;

/// Every form of a step.
#[derive(Serialize, Deserialize)]
pub struct Swap {
    from: JarId,
}

#[saga(version = 2, name = "swap-of-sweets")]
impl Swap {
    /// One compensation for two steps.
    #[step(compensate = r#match)]
    fn take(&self) -> Dispatch<JarId, Change> {
        self.from.send(Change { sweets: -1 })
    }

    #[step(compensate = r#match, backoff = linear("1s", cap = "10s"))]
    fn r#move(&self, take: &Receipt, key: &IdempotencyKey) -> Vec<Dispatch<JarId, Change>> {
        let _ = (take, key);
        Vec::new()
    }

    #[compensation]
    fn r#match(&self, take: &Receipt) -> Option<Dispatch<JarId, Change>> {
        let _ = take;
        None
    }

    /// The result's type has another name.
    #[step(no_compensation = "nobody pays")]
    async fn bill(&self, shop: &dyn Shop, r#move: &Vec<Receipt>) -> Bill {
        if shop.open() { Ok(r#move.len().to_string()) } else { Err(Closed) }
    }

    #[step(retriable)]
    async fn tell(&self, bill: &String) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let _ = bill;
        Ok(())
    }
}

/// No steps that need anything.
#[derive(Serialize, Deserialize)]
pub struct Furnish(JarId);

#[saga]
impl Furnish {
    #[step(pivot)]
    fn make(&self) -> Dispatch<JarId, Make> {
        self.0.send(Make)
    }
}

#[derive(Serialize, Deserialize)]
pub struct Sweep;

#[saga(on = JarEvent::Broken(1..) | JarEvent::Made { .. }, each)]
impl Sweep {
    fn begin() -> Option<Self> {
        None
    }

    #[step(retriable)]
    async fn sweep(&self) -> Result<u8, Infallible> {
        Ok(1)
    }
}

pub struct Deps;

impl gesta::domain::Provide<dyn Shop> for Deps {
    fn provide(&self) -> &(dyn Shop + 'static) {
        unimplemented!()
    }
}

gesta::domain! {
    pub Kitchen {
        deps: Deps,
        aggregates: [Jar],
        sagas: [Swap, Furnish, Sweep],
    }
}

fn main() {
    assert_eq!((Swap::NAME, Swap::VERSION), ("swap-of-sweets", 2));
    assert_eq!((Furnish::NAME, Furnish::VERSION), ("furnish", 1));
    let names: Vec<_> = Swap::STEPS.iter().map(|step| (step.name, step.kind)).collect();
    use StepKind::{Command, Foreign};
    assert_eq!(names, [("take", Command), ("move", Command), ("bill", Foreign), ("tell", Foreign)]);
}
