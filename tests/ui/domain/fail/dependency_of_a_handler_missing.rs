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

pub struct Mailer;

pub struct Letters;

#[event_handler]
impl Letters {
    #[on(JarEvent::Broken)]
    async fn broken(mailer: &Mailer) -> Result<(), std::convert::Infallible> {
        let _ = mailer;
        Ok(())
    }
}

#[derive(Provide)]
pub struct Deps {
    greeting: String,
}

gesta::domain! {
    pub Kitchen {
        deps: Deps,
        aggregates: [Jar],
        event_handlers: [Letters],
    }
}

fn main() {}
