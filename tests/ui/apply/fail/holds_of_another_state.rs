use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct OrderId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum OrderEvent {
    Opened { customer: String },
    LineAdded { cents: u64 },
    Placed { address: String },
    Shipped,
}

pub struct Draft {
    cents: u64,
}

pub struct Placed {
    address: String,
}

#[aggregate(id = OrderId, event = OrderEvent, states)]
pub enum Order {
    Draft(Draft),
    Placed(Placed),
    Shipped,
}

#[apply(OrderEvent, impossible(Draft => [Shipped], Placed => [LineAdded, Placed], Shipped => _))]
impl Order {
    fn opened() -> Draft {
        Draft { cents: 0 }
    }

    fn line_added(draft: &mut Draft, cents: &u64) {
        draft.cents += cents;
    }

    fn placed(_: Draft, address: &String) -> Placed {
        Placed { address: address.clone() }
    }

    #[from(Placed)]
    #[to(Shipped)]
    fn shipped(_: Draft) {}
}

fn main() {}
