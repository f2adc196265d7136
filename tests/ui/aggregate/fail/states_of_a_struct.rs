use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Broken,
}

#[aggregate(id = JarId, event = JarEvent, states)]
#[derive(Default)]
pub struct Jar {
    owner: String,
}

#[apply(JarEvent, ignore(Broken))]
impl Jar {
    fn made(&mut self, owner: &String) {
        self.owner = owner.clone();
    }
}

fn main() {}
