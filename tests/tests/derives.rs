//! `#[derive(Id, Schema, Provide)]` from the outside.

use std::{collections::HashMap, marker::PhantomData};

use gesta::{
    Id, Schema,
    domain::{Provide, Schema as _},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
struct AccountId(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
struct OrderId {
    number: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
struct TraceId(uuid_type::Uuid);

mod uuid_type {
    pub(crate) use gesta::__private::uuid::Uuid;
}

#[test]
fn an_id_is_its_value() {
    let ann = AccountId("ann \"/ 😀".into());
    assert_eq!(ann.to_string(), "ann \"/ 😀");
    assert_eq!("ann \"/ 😀".parse(), Ok(ann.clone()));
    assert_eq!(serde_json::to_string(&ann).unwrap(), r#""ann \"/ 😀""#);
    assert_eq!(AccountId::SHAPE.to_string(), "string");

    let order = OrderId { number: u64::MAX };
    assert_eq!(order.to_string(), u64::MAX.to_string());
    assert_eq!(serde_json::from_str::<OrderId>("18446744073709551615").unwrap(), order);
    let error = "12a".parse::<OrderId>().unwrap_err();
    assert_eq!(error.to_string(), "`12a` is not an id: invalid digit found in string");

    let trace: TraceId = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse().unwrap();
    assert_eq!(trace.to_string(), "67e55044-10b1-426f-9247-bb680e5fe0c8");
    assert_eq!(TraceId::SHAPE.to_string(), "uuid");
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(rename_all = "camelCase")]
struct Address<T> {
    street_name: String,
    #[serde(default)]
    flat: u8,
    #[serde(skip)]
    cached: PhantomData<T>,
    extra: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<i8>,
}

#[derive(Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case", rename_all_fields = "UPPERCASE")]
enum Payment {
    Cash,
    BankTransfer {
        iban: String,
    },
    Card(u64),
    Split(Box<Address<u8>>, [u8; 2]),
    #[serde(rename = "other")]
    Strange(HashMap<AccountId, ()>),
}

#[derive(Serialize, Deserialize, Schema)]
struct Node {
    value: i32,
    children: Vec<Node>,
    #[serde(default)]
    parent: Option<Box<Self>>,
}

#[derive(Serialize, Deserialize, Schema)]
struct Trunk {
    branches: Vec<Branch>,
}

/// A trunk within a branch within a trunk: one of them must say so.
#[derive(Serialize, Deserialize, Schema)]
struct Branch {
    #[schema(recursive)]
    grafted: HashMap<String, Option<Box<Trunk>>>,
    leaves: u8,
}

#[expect(dead_code, reason = "only its shape is looked at")]
#[derive(Schema)]
enum Expression<T> {
    Value(T),
    Sum(Box<Expression<T>>, Box<Self>),
    Call { name: String, arguments: Vec<(String, Expression<T>)> },
    Foreign(#[schema(recursive)] Tree<Expression<T>>),
}

#[expect(dead_code, reason = "only its shape is looked at")]
struct Tree<T>(Vec<T>);

#[expect(dead_code, reason = "only its shape is looked at")]
#[derive(Schema)]
#[serde(transparent)]
struct Wrapper {
    inner: Vec<AccountId>,
}

#[derive(Schema)]
#[schema(as = String)]
struct Money;

#[expect(dead_code, reason = "only its shape is looked at")]
#[derive(Schema)]
struct Priced {
    #[serde(with = "nothing")]
    #[schema(as = String)]
    price: Money,
}

#[test]
fn a_shape_is_what_serde_writes() {
    assert_eq!(<Address<u16>>::SHAPE.to_string(), "{streetName:string,flat?:u8,extra:u16,floor?:i8?}");
    assert_eq!(
        Payment::SHAPE.to_string(),
        "enum{cash,bank_transfer:{IBAN:string},card:u64,\
         split:({streetName:string,flat?:u8,extra:u8,floor?:i8?},(u8,u8)),other:map<string,null>}"
    );
    assert_eq!(Node::SHAPE.to_string(), "{value:i32,children:[@Node],parent?:@Node?}");
    assert_eq!(Trunk::SHAPE.to_string(), "{branches:[{grafted:map<string,@Trunk?>,leaves:u8}]}");
    assert_eq!(
        <Expression<u8>>::SHAPE.to_string(),
        "enum{Value:u8,Sum:(@Expression,@Expression),Call:{name:string,arguments:[(string,@Expression)]},\
         Foreign:@\"Tree<Expression<T>>\"}"
    );
    assert_eq!(Wrapper::SHAPE.to_string(), "[string]");
    assert_eq!(Priced::SHAPE.to_string(), "{price:string}");
    let payment = Payment::BankTransfer { iban: "DE".into() };
    assert_eq!(serde_json::to_string(&payment).unwrap(), r#"{"bank_transfer":{"IBAN":"DE"}}"#);
}

/// What serde writes is what the shape says.
#[test]
fn shapes_of_the_standard_library_are_those_of_serde() {
    fn written<T: gesta::domain::Schema + Serialize>(value: T) -> (String, String) {
        (T::SHAPE.to_string(), serde_json::to_string(&value).unwrap())
    }
    let of = |shape: &str, json: &str| (shape.to_owned(), json.to_owned());
    assert_eq!(written(1_u8..3), of("{start:u8,end:u8}", r#"{"start":1,"end":3}"#));
    assert_eq!(written(1_u8..=3), of("{start:u8,end:u8}", r#"{"start":1,"end":3}"#));
    assert_eq!(written(Ok::<u8, bool>(1)), of("enum{Ok:u8,Err:bool}", r#"{"Ok":1}"#));
    assert_eq!(written(PhantomData::<String>), of("null", "null"));
    assert_eq!(written(std::net::Ipv4Addr::LOCALHOST), of("string", r#""127.0.0.1""#));
    assert_eq!(written(std::num::Wrapping(1_u8)), of("u8", "1"));
    assert_eq!(written(std::cell::RefCell::new(Some(1_u8))), of("u8?", "1"));
    assert_eq!(
        written(std::time::UNIX_EPOCH),
        of("{secs_since_epoch:u64,nanos_since_epoch:u32}", r#"{"secs_since_epoch":0,"nanos_since_epoch":0}"#)
    );
}

#[derive(gesta::Provide)]
struct Deps<'a, C> {
    limit: u64,
    clock: Vec<C>,
    name: &'a String,
    #[provide(skip)]
    other_limit: u64,
}

#[derive(gesta::Provide)]
struct Pair(u8, String);

#[test]
fn every_field_is_provided_by_its_type() {
    let name = "x".to_owned();
    let deps = Deps { limit: 5, clock: vec![1_i8], name: &name, other_limit: 6 };
    assert_eq!(*Provide::<u64>::provide(&deps) + deps.other_limit, 11);
    assert_eq!(*Provide::<Vec<i8>>::provide(&deps), [1]);
    assert_eq!(Provide::<String>::provide(&deps), "x");
    let pair = Pair(1, "y".into());
    assert_eq!((*Provide::<u8>::provide(&pair), Provide::<String>::provide(&pair).as_str()), (1, "y"));
}

mod states {
    use gesta::{domain::Aggregate as _, prelude::*};
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    pub(crate) struct DoorId(u8);

    #[event]
    pub(crate) enum DoorEvent {
        Moved,
    }

    #[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
    struct Opaque;

    #[aggregate(id = DoorId, event = DoorEvent, snapshot_every = 10)]
    #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(crate) struct Door {
        moved_times: u64,
        #[serde(default)]
        lock: Opaque,
        inner: Option<Box<Door>>,
    }

    #[apply(DoorEvent)]
    impl Door {
        fn moved(&mut self) {
            self.moved_times += 1;
        }
    }

    #[test]
    fn the_shape_of_a_state_is_known_as_far_as_it_goes() {
        let shape = Door::SNAPSHOT_SHAPE.unwrap().to_string();
        assert_eq!(shape, "{movedTimes:u64,lock?:unknown,inner:@Door?}");
    }
}
