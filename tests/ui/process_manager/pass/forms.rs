use std::convert::Infallible;

use gesta::{prelude::*, process_manager::ProcessManager};
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

/// Nothing but events, and nothing to be sent.
#[derive(Default, Serialize, Deserialize)]
pub struct Count(u64);

#[process_manager(key = String, name = "count.of-orders")]
impl Count {
    #[on(OrderEvent::Renamed { id: name, .. }, by = id)]
    fn renamed(&mut self, name: &str, key: &String) -> Option<Vec<(Timer<Self>,)>> {
        self.0 += u64::from(name == key);
        None
    }

    #[deadline]
    fn r#match(&self) {}
}

fn main() {
    assert_eq!((Count::NAME, Count::DEADLINES), ("count.of-orders", &["match"][..]));
    assert_eq!(Count::MATCH.name(), "match");
    assert_eq!((Fulfilment::NAME, Fulfilment::DEADLINES.len()), ("fulfilment", 2));
}
