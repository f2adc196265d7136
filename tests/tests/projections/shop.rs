//! A shop whose read side is checked: customers who buy, and what they owe.

#![allow(dead_code, reason = "each file of tests uses its part")]

use std::{collections::BTreeSet, convert::Infallible, sync::Mutex};

use gesta::{
    app::{Register, Registry},
    codec::{DecodeError, EncodeError},
    domain::{CommandHandlers, Domain, IndexKey, Indexed, PartInfo, PartOf, Projection, Route},
    prelude::*,
    projection::Folds,
    query::{Index, Query, QueryHandlers, ReadIn},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub(crate) struct CustomerId(pub(crate) String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CustomerEvent {
    Joined { name: String },
    Bought { item: String, cents: u64 },
    Traded { with: CustomerId, cents: u64 },
    Left,
}

#[aggregate(id = CustomerId, event = CustomerEvent)]
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Customer {}

impl Evolve<CustomerEvent> for Customer {
    fn evolve(&mut self, _: &CustomerEvent) {}
}

#[derive(Clone)]
pub(crate) struct Join(pub(crate) &'static str);
#[derive(Clone)]
pub(crate) struct Buy(pub(crate) String, pub(crate) u64);
#[derive(Clone)]
pub(crate) struct Trade(pub(crate) CustomerId, pub(crate) u64);
#[derive(Clone)]
pub(crate) struct Leave;

#[command_handler]
impl Customer {
    fn join(cmd: Join) -> Result<CustomerEvent, Infallible> {
        Ok(CustomerEvent::Joined { name: cmd.0.into() })
    }

    fn buy(&self, cmd: Buy) -> Result<CustomerEvent, Infallible> {
        Ok(CustomerEvent::Bought { item: cmd.0, cents: cmd.1 })
    }

    fn trade(&self, cmd: Trade) -> Result<CustomerEvent, Infallible> {
        Ok(CustomerEvent::Traded { with: cmd.0, cents: cmd.1 })
    }

    fn leave(&self, _: Leave) -> Result<CustomerEvent, Infallible> {
        Ok(CustomerEvent::Left)
    }
}

/// What the documents are written with.
macro_rules! projection {
    ($name:ident, $key:ty, $stored:literal, version $version:expr, inline $inline:expr, $($field:ident: $index:ident: $ty:ty),*) => {
        impl Projection for $name {
            type Key = $key;
            const NAME: &'static str = $stored;
            const VERSION: u32 = $version;
            const INLINE: bool = $inline;
            const INDEXES: &'static [&'static str] = &[$(stringify!($field)),*];

            fn initial() -> Self {
                Self::default()
            }

            fn encode(&self) -> Result<Vec<u8>, EncodeError> {
                Ok(serde_json::to_vec(self)?)
            }

            fn decode(json: &[u8]) -> Result<Self, DecodeError> {
                Ok(serde_json::from_slice(json)?)
            }

            fn index_keys(&self) -> Vec<IndexKey> {
                vec![$(self.$field.index_key()),*]
            }
        }

        impl $name {
            $(pub(crate) const $index: Index<Self, $ty> = Index::new(stringify!($field));)*
        }
    };
}
#[allow(unused_imports, reason = "each file of tests uses its part")]
pub(crate) use projection;

/// What a customer owes; gone with the customer. Trades go to both sides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Debt {
    pub(crate) name: Option<String>,
    pub(crate) cents: u64,
    pub(crate) events: u64,
}

projection!(Debt, CustomerId, "debt", version 1, inline false, name: NAMED: Option<String>, cents: CENTS: u64);

impl Evolve<CustomerEvent> for Debt {
    fn evolve(&mut self, event: &CustomerEvent) {
        self.events += 1;
        match event {
            CustomerEvent::Joined { name } => self.name = Some(name.clone()),
            CustomerEvent::Bought { item, .. } if goes_off(item) => panic!("boom"),
            CustomerEvent::Bought { cents, .. } | CustomerEvent::Traded { cents, .. } => self.cents += cents,
            CustomerEvent::Left => {}
        }
    }

    fn deletes(event: &CustomerEvent) -> bool {
        *event == CustomerEvent::Left
    }
}

/// How often things were sold, and what trades have brought those who were traded with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sold {
    pub(crate) times: u64,
    pub(crate) cents: u64,
}

projection!(Sold, String, "sold", version 1, inline false, times: TIMES: u64);

impl Evolve<CustomerEvent> for Sold {
    fn evolve(&mut self, event: &CustomerEvent) {
        self.times += 1;
        if let CustomerEvent::Bought { cents, .. } | CustomerEvent::Traded { cents, .. } = event {
            self.cents += cents;
        }
    }

    fn route(event: &CustomerEvent) -> Route {
        match event {
            CustomerEvent::Bought { item, .. } => Route::to::<String, _>(item),
            CustomerEvent::Traded { with, .. } => Route::Documents(vec![with.to_string(), "trades".into()]),
            _ => Route::nowhere(),
        }
    }
}

/// The same as [`Debt`], in the transaction of the command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Owed {
    pub(crate) name: Option<String>,
    pub(crate) cents: u64,
    pub(crate) events: u64,
}

projection!(Owed, CustomerId, "owed", version 1, inline true, cents: CENTS: u64);

impl Evolve<CustomerEvent> for Owed {
    fn evolve(&mut self, event: &CustomerEvent) {
        let mut debt = Debt { name: self.name.take(), cents: self.cents, events: self.events };
        debt.evolve(event);
        let Debt { name, cents, events } = debt;
        *self = Self { name, cents, events };
    }

    fn deletes(event: &CustomerEvent) -> bool {
        Debt::deletes(event)
    }
}

static BOMBS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Whether folding this item panics.
pub(crate) fn arm(item: &str, armed: bool) {
    let mut bombs = BOMBS.lock().unwrap();
    if armed {
        bombs.insert(item.into())
    } else {
        bombs.remove(item)
    };
}

fn goes_off(item: &str) -> bool {
    // Not while it is locked: a panic would poison it.
    BOMBS.lock().unwrap().contains(item)
}

pub(crate) struct DebtOf(pub(crate) CustomerId);

impl QueryHandlers for Debt {
    type Deps<'d> = ();
}

impl Query for DebtOf {
    type Projection = Debt;
    type Answer = Option<u64>;
    type Error = ReadError;
    type Deps<'d> = ();

    async fn answer(self, reader: &Reader, (): Self::Deps<'_>) -> Result<Option<u64>, ReadError> {
        Ok(reader.get::<Debt>(&self.0).await?.map(|debt| debt.cents))
    }
}

/// Makes nothing of an error.
pub(crate) struct DebtOrNothing(pub(crate) CustomerId);

impl Query for DebtOrNothing {
    type Projection = Debt;
    type Answer = Option<u64>;
    type Error = Infallible;
    type Deps<'d> = ();

    async fn answer(self, reader: &Reader, _: Self::Deps<'_>) -> Result<Option<u64>, Infallible> {
        Ok(reader.get::<Debt>(&self.0).await.ok().flatten().map(|debt| debt.cents))
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shop {}

impl Domain for Shop {
    type Deps = ();
    const NAME: &'static str = "Shop";
    const PARTS: &'static [PartInfo] = &[];
}

impl PartOf<Shop> for Customer {
    fn supply(_: &()) -> <Self as CommandHandlers>::Deps<'_> {}
}

impl ReadIn<Shop> for Debt {}
impl ReadIn<Shop> for Owed {}

pub(crate) fn folds<P: Projection + Evolve<CustomerEvent>>() -> Folds<P> {
    let mut folds = Folds::new();
    folds.on::<CustomerEvent>();
    folds
}

impl Register for Shop {
    fn register(registry: &mut Registry<Self>) {
        registry.projection(folds::<Debt>());
        registry.projection(folds::<Sold>());
        registry.projection(folds::<Owed>());
    }
}

pub(crate) async fn open(place: &gesta_tests::Place) -> App<Shop> {
    Builder::new(place.open().await, ()).start().await.expect("a shop")
}

pub(crate) fn buy(item: &str, cents: u64) -> Buy {
    Buy(item.into(), cents)
}

pub(crate) fn customer(name: &str) -> CustomerId {
    CustomerId(name.into())
}
