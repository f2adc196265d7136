use gesta::{domain::Aggregate as _, prelude::*};
use serde::{Deserialize, Serialize};

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

/// An enum is a state too, and need not be `Schema` inside.
#[aggregate(id = JarId, event = JarEvent, snapshot_every = 10, name = "glass")]
#[derive(Default, Serialize, Deserialize)]
pub enum Jar {
    #[default]
    Empty,
    Full(Sweets),
}

#[derive(Serialize, Deserialize)]
pub struct Sweets {
    pub number: u32,
}

#[apply(JarEvent, ignore(JarEvent::Made, Renamed))]
impl Jar {
    #[on(Filled { sweets: number })]
    fn full(&mut self, number: &u32, by: &str) {
        assert_eq!(by, "me");
        *self = Self::Full(Sweets { number: *number });
    }

    #[on(JarEvent::Broken)]
    fn empty(&mut self) {
        *self = Self::Empty;
    }
}

fn main() {
    let mut jar = None;
    Jar::fold(&mut jar, &JarEvent::Filled { sweets: 3, by: "me".into() }).unwrap();
    let jar = jar.unwrap();
    assert_eq!(Jar::NAME, "glass");
    let policy = Jar::SNAPSHOT.unwrap();
    assert_eq!(policy.every, 10);
    let kept = (policy.save)(&jar).unwrap();
    assert!(matches!((policy.restore)(&kept).unwrap(), Jar::Full(Sweets { number: 3 })));
}
