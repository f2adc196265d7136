#![allow(dead_code)]

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Changed { sweets: i64 },
    Moved { to: JarId },
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar;

#[apply(JarEvent, ignore(Made, Changed, Moved))]
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

pub struct Shop;

#[derive(Serialize, Deserialize)]
pub struct Swap {
    from: JarId,
}

#[saga]
impl Swap {
    #[step(pivot)]
    fn take(&self) -> Dispatch<JarId, Change> {
        self.from.send(Change { sweets: -1 })
    }

    #[step(retriable)]
    async fn tell(&self, shop: &Shop) -> Result<(), std::convert::Infallible> {
        let _ = shop;
        Ok(())
    }
}

#[derive(Default, Serialize, Deserialize)]
pub struct Watch {
    sweets: i64,
}

#[process_manager(key = JarId)]
impl Watch {
    #[on(JarEvent::Changed { sweets })]
    fn changed(&mut self, sweets: &i64) {
        self.sweets += sweets;
    }

    #[deadline]
    fn too_old(&mut self, key: &JarId) -> Dispatch<JarId, Change> {
        key.send(Change { sweets: -self.sweets })
    }
}

#[derive(Provide)]
pub struct Deps {
    shop: Shop,
}

gesta::domain! {
    pub Kitchen {
        deps: Deps,
        aggregates: [Jar],
        sagas: [Swap],
        process_managers: [Watch],
        acyclic,
    }
}

fn main() {}
