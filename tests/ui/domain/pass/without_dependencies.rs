use std::convert::Infallible;

use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Filled { sweets: u32, by: String },
    Renamed(String),
    Broken,
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar {
    sweets: u32,
}

#[apply(JarEvent, ignore(Made, Renamed, Broken))]
impl Jar {
    fn filled(&mut self, sweets: &u32) {
        self.sweets += sweets;
    }
}

pub struct Break;

#[command_handler]
impl Jar {
    fn shatter(&self, _: Break) -> Result<JarEvent, Infallible> {
        Ok(JarEvent::Broken)
    }
}

mod kitchen {
    gesta::domain! {
        /// Where the jars are.
        pub(crate) Kitchen { aggregates: [super::Jar] }
    }
}

fn main() {
    let _ = kitchen::Kitchen::app(gesta::store::Memory::new(), ());
}
