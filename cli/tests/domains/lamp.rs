//! A small domain in a program without a library, and a second one beside it.

use std::convert::Infallible;

use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct LampId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum LampEvent {
    /// It gives light.
    Lit,
    /// It is dark.
    Doused,
}

/// A lamp.
#[aggregate(id = LampId, event = LampEvent)]
#[derive(Debug, Default)]
pub struct Lamp {
    lit: bool,
}

#[apply(LampEvent)]
impl Lamp {
    fn lit(&mut self) {
        self.lit = true;
    }
    fn doused(&mut self) {
        self.lit = false;
    }
}

pub struct Light;

#[command_handler]
impl Lamp {
    /// Lights it.
    fn light(_: Light) -> Result<LampEvent, Infallible> {
        Ok(LampEvent::Lit)
    }
}

gesta::domain! {
    /// Where the lamp stands.
    pub House {
        aggregates: [Lamp],
    }
}

mod street {
    gesta::domain! {
        pub Street {
            aggregates: [super::Lamp],
        }
    }
}

fn main() {}
