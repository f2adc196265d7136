//! What `#[process_manager]` writes: which events come to which instance, and what each comes to.

#![allow(missing_docs)]

use std::convert::Infallible;

use gesta::{
    domain::{FailureClass, Route},
    prelude::*,
    process_manager::{Input, Inputs, Manage, ProcessManager, Reaction, TimerChange},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct OrderId(pub u64);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct StockId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum OrderEvent {
    Placed { item: StockId, pieces: u32 },
    Paid(u64),
    Cancelled,
    Renamed { id: String, key: u8 },
}

#[aggregate(id = OrderId, event = OrderEvent)]
#[derive(Default)]
pub struct Order;

#[apply(OrderEvent, ignore(Placed, Paid, Cancelled, Renamed))]
impl Order {}

#[derive(Clone, Debug, PartialEq)]
pub struct Cancel;

#[command_handler]
impl Order {
    fn cancel(&self, _: Cancel) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Cancelled)
    }
}

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum StockEvent {
    Reserved { order: OrderId },
    Refused { order: Option<OrderId>, pieces: u32 },
    Emptied { waiting: Vec<OrderId> },
}

#[aggregate(id = StockId, event = StockEvent)]
#[derive(Default)]
pub struct Stock;

#[apply(StockEvent, ignore(Reserved, Refused, Emptied))]
impl Stock {}

#[derive(Clone, Debug, PartialEq)]
pub struct Reserve {
    pub pieces: u32,
}

#[command_handler]
impl Stock {
    fn reserve(&self, _: Reserve) -> Result<Option<StockEvent>, Infallible> {
        Ok(None)
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fulfilment {
    seen: Vec<String>,
}

#[process_manager(key = OrderId)]
impl Fulfilment {
    #[on(OrderEvent::Placed { item, pieces: 1.. })]
    fn placed(&mut self, item: &StockId, meta: &Meta) -> (Option<Dispatch<StockId, Reserve>>, Timer<Self>) {
        self.seen.push(format!("placed by {:?}", meta.actor));
        (Some(item.send(Reserve { pieces: 1 })), Self::PAYMENT_LATE.after(Duration::from_secs(60)))
    }

    #[on(OrderEvent::Paid(_) | OrderEvent::Cancelled)]
    fn done(&mut self, id: &OrderId, key: &OrderId) -> Vec<Timer<Self>> {
        self.seen.push(format!("done {id} {key}"));
        vec![Self::PAYMENT_LATE.cancel(), Self::REMINDER.cancel()]
    }

    #[on(OrderEvent::Renamed { id, key })]
    fn renamed(&mut self, id: &String, key: &u8) {
        self.seen.push(format!("renamed {id} {key}"));
    }

    #[on(StockEvent::Reserved { order: reserved }, by = order)]
    fn reserved(&mut self, reserved: &OrderId) {
        self.seen.push(format!("reserved {reserved}"));
    }

    #[on(StockEvent::Refused { pieces: 1.. }, by = order)]
    fn refused(&mut self, id: &StockId, key: &OrderId) -> Dispatch<OrderId, Cancel> {
        self.seen.push(format!("refused {id}"));
        key.send(Cancel)
    }

    #[on(StockEvent::Emptied { .. }, by = waiting)]
    fn emptied(&self) {}

    #[deadline]
    fn payment_late(&mut self, key: &OrderId) -> Dispatch<OrderId, Cancel> {
        key.send(Cancel)
    }

    #[deadline(name = "reminded")]
    fn reminder(&mut self) {
        self.seen.push("reminded".into());
    }
}

gesta::domain! {
    pub Shop {
        aggregates: [Order, Stock],
        process_managers: [Fulfilment],
    }
}

fn manage<E>(state: &mut Fulfilment, event: &E, id: &str) -> Vec<Reaction<Fulfilment>>
where
    E: gesta::domain::Event,
    Fulfilment: Manage<E>,
{
    let (meta, key) = (Meta { actor: Some("ann".into()), ..Meta::default() }, OrderId(7));
    state.manage(event, &Input::new(&key, "any", id, &meta)).unwrap()
}

fn to(ids: &[&str]) -> Route {
    Route::Documents(ids.iter().map(|id| (*id).to_owned()).collect())
}

#[test]
fn it_says_what_it_reacts_to() {
    #[derive(Default)]
    struct Names(Vec<&'static str>);
    impl Inputs<Fulfilment> for Names {
        fn on<E: gesta::domain::Event>(&mut self)
        where
            Fulfilment: Manage<E>,
        {
            self.0.extend(<Fulfilment as Manage<E>>::VARIANTS);
        }
    }
    let mut names = Names::default();
    Fulfilment::inputs(&mut names);
    assert_eq!(names.0, ["Placed", "Paid", "Cancelled", "Renamed", "Reserved", "Refused", "Emptied"]);
    assert_eq!((Fulfilment::NAME, Fulfilment::DEADLINES), ("fulfilment", &["payment_late", "reminded"][..]));
    assert_eq!(Fulfilment::REMINDER.name(), "reminded");
}

#[test]
fn an_event_goes_to_the_instances_that_it_names() {
    let item = StockId("tea".into());
    let route = <Fulfilment as Manage<OrderEvent>>::route;
    assert_eq!(route(&OrderEvent::Placed { item: item.clone(), pieces: 1 }), Route::Stream);
    assert_eq!(route(&OrderEvent::Placed { item, pieces: 0 }), Route::nowhere());
    let route = <Fulfilment as Manage<StockEvent>>::route;
    assert_eq!(route(&StockEvent::Reserved { order: OrderId(7) }), to(&["7"]));
    assert_eq!(route(&StockEvent::Refused { order: Some(OrderId(7)), pieces: 1 }), to(&["7"]));
    assert_eq!(route(&StockEvent::Refused { order: Some(OrderId(7)), pieces: 0 }), Route::nowhere());
    assert_eq!(route(&StockEvent::Refused { order: None, pieces: 1 }), Route::nowhere());
    assert_eq!(route(&StockEvent::Emptied { waiting: vec![OrderId(7), OrderId(8)] }), to(&["7", "8"]));
}

#[test]
fn a_reaction_is_given_what_it_asks_for() {
    let mut state = Fulfilment::initial();
    let placed = OrderEvent::Placed { item: StockId("tea".into()), pieces: 2 };
    let reactions = manage(&mut state, &placed, "7");
    let [Reaction::Send(sent), Reaction::Timer(timer)] = &reactions[..] else { panic!("{reactions:?}") };
    let (stock, reserve) = sent.get::<StockId, Reserve>().unwrap();
    assert_eq!((stock, reserve), (&StockId("tea".into()), &Reserve { pieces: 1 }));
    assert_eq!(timer.deadline, "payment_late");
    assert_eq!(timer.change, TimerChange::After(Duration::from_secs(60)));
    assert_eq!(manage(&mut state, &OrderEvent::Paid(3), "7").len(), 2);
    assert!(manage(&mut state, &OrderEvent::Renamed { id: "x".into(), key: 1 }, "7").is_empty());
    manage(&mut state, &StockEvent::Reserved { order: OrderId(7) }, "tea");
    let refused = StockEvent::Refused { order: Some(OrderId(7)), pieces: 1 };
    assert_eq!(manage(&mut state, &refused, "tea").len(), 1);
    let seen = ["placed by Some(\"ann\")", "done 7 7", "renamed x 1", "reserved 7", "refused tea"];
    assert_eq!(state.seen, seen);
    assert_eq!(Fulfilment::decode(&state.encode().unwrap()).unwrap(), state);
}

#[test]
fn what_no_pattern_fits_changes_nothing() {
    let mut state = Fulfilment::initial();
    let nothing = OrderEvent::Placed { item: StockId("tea".into()), pieces: 0 };
    assert!(manage(&mut state, &nothing, "7").is_empty());
    assert_eq!(state, Fulfilment::initial());
}

#[test]
fn a_deadline_is_called_by_its_place() {
    let (mut state, key) = (Fulfilment::initial(), OrderId(7));
    assert_eq!(state.deadline(0, &key).len(), 1);
    assert!(state.deadline(1, &key).is_empty());
    assert!(state.deadline(2, &key).is_empty());
    assert_eq!(state.seen, ["reminded"]);
}

#[test]
fn a_stream_of_another_kind_is_told() {
    let (mut state, key, meta) = (Fulfilment::initial(), OrderId(7), Meta::default());
    let failure =
        state.manage(&OrderEvent::Cancelled, &Input::new(&key, "order", "seven", &meta)).unwrap_err();
    assert_eq!(failure.class, FailureClass::Permanent);
    assert!(failure.to_string().contains("`order/seven` is not an id of the aggregate `order`"), "{failure}");
}
