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

mod renamed {
    pub use gesta;
}

/// Everything left out.
#[projection(key = JarId)]
#[derive(Default, Serialize, Deserialize)]
pub struct Plain;

#[apply(JarEvent, ignore(Made, Filled, Renamed, Broken))]
impl Plain {}

/// Everything said.
#[projection(key = JarId, version = 3, name = "jar-sweets", inline, crate = renamed::gesta)]
#[derive(Default, Serialize, Deserialize)]
pub struct Sweets {
    #[index]
    count: u32,
    #[index(name = "owned-by")]
    pub owner: Option<String>,
}

#[apply(JarEvent, ignore(Renamed), delete(Broken))]
impl Sweets {
    fn made(&mut self, owner: &String) {
        self.owner = Some(owner.clone());
    }

    fn filled(&mut self, sweets: &u32) {
        self.count += sweets;
    }
}

/// Kept by something else than the stream, and an enum.
#[projection(key = String)]
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Owner {
    #[default]
    Poor,
    Rich {
        sweets: u32,
    },
}

#[apply(JarEvent, by = owner, ignore(Renamed, Broken))]
impl Owner {
    fn made(&mut self) {}

    #[on(Filled { sweets: 100.. })]
    fn much(&mut self) {
        *self = Self::Rich { sweets: 100 };
    }

    fn filled(&mut self, sweets: &u32) {
        *self = Self::Rich { sweets: *sweets };
    }
}

/// A place of a newtype names the document, and the variant that ends it changes it first.
#[projection(key = String)]
#[derive(Default, Serialize, Deserialize)]
pub struct Names(u32);

#[apply(JarEvent, by = 0, ignore(Made, Filled, Broken), delete(Renamed))]
impl Names {
    #[on(Renamed(_))]
    fn renamed(&mut self) {
        self.0 += 1;
    }
}

fn main() {
    use gesta::domain::{Indexed, Projection, Route};

    assert_eq!((Plain::NAME, Plain::VERSION, Plain::INLINE, Plain::INDEXES), ("plain", 1, false, &[][..]));
    assert_eq!((Sweets::NAME, Sweets::VERSION, Sweets::INLINE), ("jar-sweets", 3, true));
    assert_eq!(Sweets::INDEXES, ["count", "owned-by"]);
    assert_eq!((Sweets::COUNT.name(), Sweets::OWNER.name()), ("count", "owned-by"));

    let mut sweets = Sweets::initial();
    sweets.evolve(&JarEvent::Filled { sweets: 3, owner: "ann".into() });
    assert_eq!(sweets.index_keys(), [3_u32.index_key(), None::<String>.index_key()]);
    let read = Sweets::decode(&sweets.encode().unwrap()).unwrap();
    assert_eq!((read.count, read.owner), (3, None));
    assert!(Sweets::deletes(&JarEvent::Broken) && !Sweets::deletes(&JarEvent::Renamed(String::new())));
    assert_eq!(Sweets::route(&JarEvent::Broken), Route::Stream);
    assert_eq!(Sweets::route(&JarEvent::Renamed(String::new())), Route::nowhere());

    let filled = JarEvent::Filled { sweets: 300, owner: "ann".into() };
    assert_eq!(Owner::route(&filled), Route::Documents(vec!["ann".into()]));
    assert_eq!(Owner::route(&JarEvent::Broken), Route::nowhere());
    let mut owner = Owner::initial();
    owner.evolve(&filled);
    assert_eq!(owner, Owner::Rich { sweets: 100 });
    let renamed = JarEvent::Renamed("bob".into());
    assert_eq!((Names::route(&renamed), Names::deletes(&renamed)), (Route::Documents(vec!["bob".into()]), true));
}
