//! What `#[saga]` writes for sagas that start on events.

#![allow(missing_docs)]

use std::convert::Infallible;

use gesta::{
    domain::Event,
    prelude::*,
    saga::{Begun, Cause, Saga, StartOn, Starts},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct OrderId(pub u64);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum OrderEvent {
    Placed { total: u64 },
    Extended { more: u64 },
    Cancelled,
}

#[aggregate(id = OrderId, event = OrderEvent)]
#[derive(Default)]
pub struct Order;

#[apply(OrderEvent, ignore(Placed, Extended, Cancelled))]
impl Order {}

#[derive(Debug, PartialEq)]
pub struct Cancel;

#[command_handler]
impl Order {
    fn cancel(&self, _: Cancel) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Cancelled)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    order: OrderId,
    cents: u64,
    by: Option<String>,
}

#[saga(version = 1)]
impl Payment {
    #[start(OrderEvent::Placed { total })]
    fn placed(id: &OrderId, total: &u64, meta: &Meta) -> Option<Self> {
        (*total > 0).then(|| Self { order: id.clone(), cents: *total, by: meta.actor.clone() })
    }

    #[start(OrderEvent::Extended { more: cents @ 1.. }, each)]
    fn extended(id: &OrderId, cents: &u64) -> Self {
        Self { order: id.clone(), cents: *cents, by: None }
    }

    #[step(no_compensation = "nothing is moved")]
    fn cancel(&self) -> Dispatch<OrderId, Cancel> {
        self.order.send(Cancel)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Farewell;

#[saga(on = OrderEvent::Cancelled)]
impl Farewell {
    fn new() -> Farewell {
        Self
    }

    #[step(retriable)]
    async fn say(&self) -> Result<(), Infallible> {
        Ok(())
    }
}

gesta::domain! {
    pub Shop {
        aggregates: [Order],
        sagas: [Payment, Farewell],
    }
}

struct Names(Vec<&'static str>);

impl<S: Saga> Starts<S> for Names {
    fn on<E: Event>(&mut self)
    where
        S: StartOn<E>,
    {
        self.0.extend(<S as StartOn<E>>::VARIANTS);
    }
}

fn names<S: Saga>() -> Vec<&'static str> {
    let mut names = Names(Vec::new());
    S::starts(&mut names);
    names.0
}

fn start<S: StartOn<OrderEvent>>(event: &OrderEvent, id: &str) -> Option<Begun<S>> {
    let meta = Meta { actor: Some("ann".into()), ..Meta::default() };
    let mut cause = Cause::new("order", id, &meta);
    cause.version = 3;
    S::start(event, &cause).unwrap()
}

#[test]
fn it_says_what_starts_it() {
    assert_eq!(names::<Payment>(), ["Placed", "Extended"]);
    assert_eq!(names::<Farewell>(), ["Cancelled"]);
    assert_eq!((Farewell::NAME, Farewell::VERSION), ("farewell", 1));
}

#[test]
fn an_event_makes_the_saga_of_its_stream() {
    let begun = start::<Payment>(&OrderEvent::Placed { total: 5 }, "7").unwrap();
    let saga = Payment { order: OrderId(7), cents: 5, by: Some("ann".into()) };
    assert_eq!(begun, Begun { id: "7".into(), saga });
    assert_eq!(start(&OrderEvent::Cancelled, "7"), Some(Begun { id: "7".into(), saga: Farewell }));
}

#[test]
fn an_event_may_start_one_of_its_own() {
    let begun = start::<Payment>(&OrderEvent::Extended { more: 2 }, "7").unwrap();
    assert_eq!((begun.id.as_str(), begun.saga.cents), ("7@3", 2));
}

#[test]
fn what_does_not_fit_starts_nothing() {
    assert_eq!(start::<Payment>(&OrderEvent::Placed { total: 0 }, "7"), None);
    assert_eq!(start::<Payment>(&OrderEvent::Extended { more: 0 }, "7"), None);
    assert_eq!(start::<Payment>(&OrderEvent::Cancelled, "7"), None);
    assert_eq!(start::<Farewell>(&OrderEvent::Placed { total: 5 }, "7"), None);
}

#[test]
fn a_stream_of_another_kind_is_told() {
    let meta = Meta::default();
    let cause = Cause::new("order", "seven", &meta);
    let failure =
        <Payment as StartOn<OrderEvent>>::start(&OrderEvent::Placed { total: 5 }, &cause).unwrap_err();
    assert!(failure.to_string().contains("`order/seven` is not an id of the aggregate `order`"), "{failure}");
}
