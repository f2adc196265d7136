use gesta::prelude::*;

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

gesta::domain! {
    pub Shop { aggregates: [Jar], lock: whole }
}
