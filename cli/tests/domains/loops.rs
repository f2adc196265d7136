//! What `domain! { .., acyclic }` refuses is what `cargo gesta check` finds as G001, word for word.

#![allow(dead_code, unreachable_pub, reason = "domains that are only looked at")]

use std::{convert::Infallible, panic::catch_unwind};

use gesta::{
    app::{Register, model_of},
    domain::{Domain, check_acyclic},
    prelude::*,
    saga::Child,
};
use gesta_cli::findings::findings;
use gesta_examples::{bank::Bank, forms::Forms, installer::Installer};
use serde::{Deserialize, Serialize};

/// An aggregate whose events tell what all of it began with.
macro_rules! aggregate {
    ($id:ident, $event:ident, $name:ident, $change:ident) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
        pub struct $id(pub String);
        #[event]
        pub enum $event {
            Begun { root: String },
            Changed { root: String, cents: u64 },
        }
        #[aggregate(id = $id, event = $event)]
        #[derive(Debug, Default)]
        pub struct $name;
        #[apply($event, ignore(Begun, Changed))]
        impl $name {}
        #[derive(Debug)]
        pub struct $change(pub String);
        #[command_handler]
        impl $name {
            fn change(&self, cmd: $change) -> Result<$event, Infallible> {
                Ok($event::Changed { root: cmd.0, cents: 1 })
            }
        }
        impl $change {
            fn send(root: &str) -> Dispatch<$id, Self> {
                $id(root.to_owned()).send(Self(root.to_owned()))
            }
        }
    };
}

aggregate!(OrderId, OrderEvent, Order, ChangeOrder);
aggregate!(StockId, StockEvent, Stock, ChangeStock);
aggregate!(BillId, BillEvent, Bill, ChangeBill);

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Fulfilment;

#[process_manager(key = String)]
impl Fulfilment {
    #[on(OrderEvent::Changed, by = root)]
    fn paid(&mut self, key: &String) -> Option<Dispatch<StockId, ChangeStock>> {
        Some(ChangeStock::send(key))
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Shelf;

type Both = (Vec<Dispatch<BillId, ChangeBill>>, Option<Dispatch<OrderId, ChangeOrder>>);

#[process_manager(key = String)]
impl Shelf {
    #[on(StockEvent::Changed, by = root)]
    fn taken(&mut self, key: &String) -> Both {
        (vec![ChangeBill::send(key)], Some(ChangeOrder::send(key)))
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Office;

#[process_manager(key = String)]
impl Office {
    #[on(StockEvent::Changed, by = root)]
    fn taken(&mut self, key: &String) -> Dispatch<BillId, ChangeBill> {
        ChangeBill::send(key)
    }
    #[on(BillEvent::Begun, by = root)]
    fn begun(&mut self, key: &String) -> Dispatch<StockId, ChangeStock> {
        ChangeStock::send(key)
    }
    #[on(BillEvent::Changed, by = root)]
    fn billed(&mut self, key: &String) -> Dispatch<OrderId, ChangeOrder> {
        ChangeOrder::send(key)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Reminder;

#[process_manager(key = String)]
impl Reminder {
    #[on(OrderEvent::Changed, by = root)]
    fn changed(&mut self) -> Timer<Self> {
        Self::TOO_LATE.after(Duration::from_secs(1))
    }
    #[on(StockEvent::Begun, by = root)]
    fn begun(&mut self) {}
    #[deadline]
    fn too_late(&mut self, key: &String) -> Dispatch<OrderId, ChangeOrder> {
        ChangeOrder::send(key)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Forgetful;

#[process_manager(key = String)]
impl Forgetful {
    #[on(OrderEvent::Changed, by = root)]
    fn changed(&mut self) {}
    #[deadline]
    fn too_late(&mut self, key: &String) -> Dispatch<OrderId, ChangeOrder> {
        ChangeOrder::send(key)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Splits;

#[process_manager(key = String)]
impl Splits {
    #[on(OrderEvent::Changed { cents: 1.. } | OrderEvent::Begun, by = root)]
    fn changed(&mut self, key: &String) -> Vec<Dispatch<BillId, ChangeBill>> {
        vec![ChangeBill::send(key)]
    }
}

/// A saga that stock starts, and whose way back leads to an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    root: String,
}

#[saga(version = 1)]
impl Delivery {
    #[start(StockEvent::Changed { root })]
    fn new(root: &str) -> Delivery {
        Delivery { root: root.to_owned() }
    }
    #[step(no_compensation = "nothing is kept")]
    async fn look(&self) -> Result<(), Infallible> {
        Ok(())
    }
    #[step(name = "bill", compensate = tell)]
    fn write(&self) -> Dispatch<BillId, ChangeBill> {
        ChangeBill::send(&self.root)
    }
    fn tell(&self) -> Dispatch<OrderId, ChangeOrder> {
        ChangeOrder::send(&self.root)
    }
}

/// A saga that starts others of its kind, and in the end changes stock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parcel {
    root: String,
}

#[saga(version = 1)]
impl Parcel {
    #[step(no_compensation = "they undo themselves")]
    fn parts(&self) -> Vec<Child<Parcel>> {
        Vec::new()
    }
    #[step(pivot)]
    fn put(&self) -> Dispatch<StockId, ChangeStock> {
        ChangeStock::send(&self.root)
    }
}

/// A saga that bills start, and that sends parcels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sending {
    root: String,
}

#[saga(version = 1)]
impl Sending {
    #[start(BillEvent::Begun { root })]
    fn new(root: &str) -> Sending {
        Sending { root: root.to_owned() }
    }
    #[step(no_compensation = "it undoes itself")]
    fn parcel(&self) -> Child<Parcel> {
        Child::new("p", Parcel { root: self.root.clone() })
    }
}

/// Domains of all three aggregates.
macro_rules! domains {
    ($($name:ident { $($section:tt)* })*) => { $(gesta::domain! { pub $name { aggregates: [Order, Stock, Bill], $($section)* } })* };
}

domains! {
    Empty { acyclic }
    Chain { process_managers: [Fulfilment, Forgetful], acyclic }
    Round { process_managers: [Fulfilment, Shelf] }
    RoundTurned { process_managers: [Shelf, Fulfilment] }
    Long { process_managers: [Fulfilment, Office] }
    ShortBesideLong { process_managers: [Fulfilment, Office, Shelf] }
    Late { process_managers: [Reminder] }
    Split { process_managers: [Splits, Office] }
    Started { process_managers: [Fulfilment], sagas: [Delivery] }
    Bills { sagas: [Delivery], acyclic }
    Children { process_managers: [Office], sagas: [Parcel, Sending] }
    Parcels { acyclic, process_managers: [Fulfilment], sagas: [Sending, Parcel] }
}

/// What the compiler would say of the loop, and what the command line says.
fn loops<D: Register>(check: fn()) -> (Option<String>, Option<String>) {
    let way = |text: &str| text.split("; ").next().unwrap_or_default().to_owned();
    let refused = catch_unwind(check).err();
    let refused = refused.map(|panic| way(panic.downcast_ref::<String>().expect("a text")));
    let mut found = findings(&model_of::<D>()).into_iter().filter(|finding| finding.name == "G001-loop");
    (refused, found.next().map(|finding| way(&finding.sentence)))
}

macro_rules! loops {
    ($domain:ty) => {
        loops::<$domain>(|| {
            check_acyclic::<{ <$domain as Domain>::PARTS.len() }, { <$domain as Domain>::FOLLOWERS.len() }>(
                <$domain as Domain>::PARTS,
                <$domain as Domain>::FOLLOWERS,
            )
        })
    };
}

#[test]
fn the_compiler_and_the_check_find_the_same_loops() {
    let cases = [
        ("Empty", loops!(Empty), None),
        ("Chain", loops!(Chain), None),
        ("Round", loops!(Round), Some("order -[fulfilment.changed]-> stock -[shelf.changed]-> order")),
        (
            "RoundTurned",
            loops!(RoundTurned),
            Some("order -[fulfilment.changed]-> stock -[shelf.changed]-> order"),
        ),
        (
            "Long",
            loops!(Long),
            Some("order -[fulfilment.changed]-> stock -[office.changed]-> bill -[office.changed]-> order"),
        ),
        (
            "ShortBesideLong",
            loops!(ShortBesideLong),
            Some("order -[fulfilment.changed]-> stock -[shelf.changed]-> order"),
        ),
        ("Late", loops!(Late), Some("order -[reminder.too_late]-> order")),
        ("Split", loops!(Split), Some("order -[splits.changed]-> bill -[office.changed]-> order")),
        ("Started", loops!(Started), Some("order -[fulfilment.changed]-> stock -[delivery.tell]-> order")),
        ("Bills", loops!(Bills), None),
        ("Children", loops!(Children), Some("stock -[office.changed]-> bill -[office.begun]-> stock")),
        ("Parcels", loops!(Parcels), None),
        ("Bank", loops!(Bank), Some("account -[dormancy.withdrawn]-> account")),
        ("Forms", loops!(Forms), None),
        ("Installer", loops!(Installer), None),
    ];
    for (name, (refused, found), expected) in cases {
        assert_eq!(refused, found, "{name}");
        let expected = expected.map(|way| format!("policies form a loop: {way}"));
        assert_eq!(refused, expected, "{name}");
    }
}
