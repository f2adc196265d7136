use gesta::{domain::Event as _, prelude::*};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Place {
    street: String,
}

// Every form of a variant, serde's attributes that are honoured, derives of the author's own.
#[event(name = "bank.account")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum AccountEvent {
    Opened {
        owner_name: String,
        #[serde(default)]
        places: Vec<Place>,
    },
    Moved(Place),
    Weighed(u64, Option<Place>),
    #[event(name = "account.closed-for-good")]
    Closed,
    r#Type {
        r#type: u8,
        #[serde(with = "as_text")]
        #[schema(as = String)]
        amount: u64,
        #[serde(skip)]
        cached: Option<String>,
        // Its own form, which only its author knows.
        #[schema(as = String)]
        price: Money,
        #[schema(as = Vec<String>)]
        prices: Vec<Money>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Money {
    cents: u64,
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_text::serialize(&self.cents, serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_text::deserialize(deserializer).map(|cents| Self { cents })
    }
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

// Two enums in one module.
#[event]
pub enum Event {
    Happened,
}

// Inside a function.
fn main() {
    #[event]
    #[derive(Debug)]
    enum LocalEvent {
        Done { at: Place },
    }
    assert_eq!(LocalEvent::TYPES[0].name, "local.done");
    assert_eq!(Event::TYPES[0].name, "event.happened");
    let names: Vec<_> = AccountEvent::TYPES.iter().map(|ty| ty.name).collect();
    assert_eq!(
        names,
        ["bank.account.opened", "bank.account.moved", "bank.account.weighed", "account.closed-for-good", "bank.account.type"]
    );
    let [price, prices] = [Money { cents: 3 }, Money { cents: 4 }];
    let event = AccountEvent::Type {
        r#type: 1,
        amount: 2,
        cached: Some("x".into()),
        price: price.clone(),
        prices: vec![prices.clone()],
    };
    let mut out = Vec::new();
    event.encode(&mut out).unwrap();
    assert_eq!(out, br#"{"type":1,"amount":"2","price":"3","prices":["4"]}"#);
    let read = AccountEvent::decode(4, 1, &out).unwrap();
    assert_eq!(read, AccountEvent::Type { r#type: 1, amount: 2, cached: None, price, prices: vec![prices] });
    assert_eq!(AccountEvent::TYPES[4].shape.to_string(), "{type:u8,amount:string,price:string,prices:[string]}");
    assert_eq!(AccountEvent::TYPES[0].shape.to_string(), "{ownerName:string,places?:[{street:string}]}");
}
