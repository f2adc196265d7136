// 0 errors: a warning, since it may be meant in a test.

use gesta::prelude::*;
use serde::Deserialize;

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

pub fn broken() -> JarEvent {
    JarEvent::Broken { by: "somebody".into() }
}
