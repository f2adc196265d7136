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

#[aggregate]
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

fn main() {}
