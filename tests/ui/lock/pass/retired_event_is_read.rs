//! A retired event is read everywhere, without a word.

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Changed { sweets: i64 },
    /// Nobody breaks jars any more.
    #[event(retired, version = 2, from(BrokenV1))]
    Broken { by: String },
}

#[derive(Deserialize, Schema)]
pub struct BrokenV1 {}

#[allow(deprecated)]
impl From<BrokenV1> for JarEvent {
    fn from(_: BrokenV1) -> Self {
        Self::Broken { by: String::new() }
    }
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar;

#[apply(JarEvent, ignore(Changed))]
impl Jar {
    fn broken(&mut self, by: &String) {
        let _ = by;
    }
}

pub struct Change {
    pub sweets: i64,
}

#[command_handler]
impl Jar {
    fn change(&self, cmd: Change) -> Result<JarEvent, std::convert::Infallible> {
        Ok(JarEvent::Changed { sweets: cmd.sweets })
    }
}

#[projection(key = JarId, version = 1)]
#[derive(Default, Serialize, Deserialize)]
pub struct Breaks {
    by: Vec<String>,
}

#[apply(JarEvent, ignore(Changed))]
impl Breaks {
    #[on(Broken { by })]
    fn broken(&mut self, by: &String) {
        self.by.push(by.clone());
    }
}

pub struct Mourner;

#[event_handler]
impl Mourner {
    #[on(JarEvent::Broken { by })]
    async fn mourn(by: &String) -> Result<(), std::convert::Infallible> {
        let _ = by;
        Ok(())
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Mend {
    pub jar: JarId,
}

#[saga(on = JarEvent::Broken)]
impl Mend {
    fn start(id: &JarId) -> Self {
        Self { jar: id.clone() }
    }

    #[step(pivot)]
    fn fill(&self) -> Dispatch<JarId, Change> {
        self.jar.send(Change { sweets: 1 })
    }
}

#[derive(Default, Serialize, Deserialize)]
pub struct Count {
    broken: u64,
}

#[process_manager(key = JarId)]
impl Count {
    #[on(JarEvent::Broken { by })]
    fn broken(&mut self, by: &String) {
        let _ = by;
        self.broken += 1;
    }
}

gesta::domain! {
    pub Shop {
        aggregates: [Jar],
        projections: [Breaks],
        event_handlers: [Mourner],
        sagas: [Mend],
        process_managers: [Count],
    }
}
