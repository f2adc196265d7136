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

pub struct Make;

#[command_handler]
impl Jar {
    fn make(_: Make) -> Result<JarEvent, std::convert::Infallible> {
        Ok(JarEvent::Made { owner: String::new() })
    }
}

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

pub struct Mailer;

pub struct Letters;

#[event_handler(name = "sweets")]
impl Letters {
    #[on(JarEvent::Broken)]
    async fn broken(mailer: &Mailer) -> Result<(), std::convert::Infallible> {
        let _ = mailer;
        Ok(())
    }
}

#[derive(Provide)]
pub struct Deps {
    mailer: Mailer,
}

gesta::domain! {
    pub Kitchen {
        deps: Deps,
        aggregates: [Jar],
        projections: [Sweets],
        event_handlers: [Letters],
    }
}

fn main() {}
