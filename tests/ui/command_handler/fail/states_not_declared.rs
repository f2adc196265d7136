use std::convert::Infallible;

use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Filled,
    Broken,
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub enum Jar {
    #[default]
    Empty,
    Full,
}

#[apply(JarEvent, ignore(Broken))]
impl Jar {
    fn filled(&mut self) {
        *self = Self::Full;
    }
}

pub struct Break;

#[command_handler]
impl Jar {
    #[state(Full)]
    fn smash(&self, _: Break) -> Result<JarEvent, Infallible> {
        Ok(JarEvent::Broken)
    }
}

fn main() {}
