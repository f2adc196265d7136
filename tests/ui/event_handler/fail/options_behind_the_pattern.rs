use gesta::prelude::*;

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

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("no such mailbox")]
    NoMailbox,
    #[error("down")]
    Down,
}

pub struct Mailer;

pub struct Letters;

#[event_handler]
impl Letters {
    #[on(JarEvent::Made, attempts = 3)]
    async fn made() -> Result<(), MailError> {
        Ok(())
    }
}

fn main() {}
