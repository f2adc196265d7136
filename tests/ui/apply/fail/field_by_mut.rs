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
    name: String,
}

#[apply(JarEvent)]
impl Jar {
    fn made(&mut self) {}

    fn filled(&mut self, sweets: &mut u32) {
        self.sweets += *sweets;
    }

    #[on(Renamed(new))]
    fn renamed(&mut self, new: &String) {
        self.name = new.clone();
    }

    fn broken(&mut self) {
        self.sweets = 0;
    }
}

fn main() {}
