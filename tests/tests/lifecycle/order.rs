//! An order in the states that it passes through.

use std::convert::Infallible;

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub(crate) struct OrderId(pub(crate) String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OrderEvent {
    Opened { customer: String },
    LineAdded { item: String, cents: u64 },
    Placed { address: String },
    Shipped,
    Returned { reason: String },
    Noted(String),
}

/// Being put together: it can still be changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) customer: String,
    pub(crate) cents: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(crate) cents: u64,
    pub(crate) address: String,
}

#[aggregate(id = OrderId, event = OrderEvent, states, snapshot_every = 3)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Being put together.
    Draft(Draft),
    Placed(Placed),
    /// On its way, or there.
    Shipped,
    Returned {
        cents: u64,
    },
}

#[apply(
    OrderEvent,
    ignore(Noted),
    impossible(
        Draft => [Shipped],
        Placed => [LineAdded, Placed],
        Shipped => [LineAdded, Placed, Shipped],
        Returned => _,
    )
)]
impl Order {
    /// Somebody has begun.
    fn opened(customer: &String) -> Draft {
        Draft { customer: customer.clone(), cents: 0 }
    }

    fn line_added(draft: &mut Draft, cents: &u64) {
        draft.cents += cents;
    }

    fn placed(draft: Draft, address: &String) -> Placed {
        Placed { cents: draft.cents, address: address.clone() }
    }

    #[to(Shipped)]
    fn shipped(_placed: Placed) {}

    #[from(Draft, Placed, Shipped)]
    #[to(Returned)]
    fn returned(self) -> Self {
        Self::Returned { cents: self.cents() }
    }
}

impl Order {
    pub(crate) fn cents(&self) -> u64 {
        match self {
            Self::Draft(Draft { cents, .. })
            | Self::Placed(Placed { cents, .. })
            | Self::Returned { cents } => *cents,
            Self::Shipped => 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Open {
    pub(crate) customer: String,
}

/// Creates an order by an event that cannot be the first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenWrongly;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AddLine {
    pub(crate) item: String,
    pub(crate) cents: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlaceOrder {
    pub(crate) address: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ship;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Return {
    pub(crate) reason: String,
}

/// Says something of it, in whatever state it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note;

/// Decides what is impossible in some states, in every state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShipAnyway;

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("there is nothing in it")]
    Empty,
}

#[command_handler]
impl Order {
    fn open(cmd: Open) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Opened { customer: cmd.customer })
    }

    fn open_wrongly(_: OpenWrongly) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Shipped)
    }

    #[state(Draft)]
    fn add_line(_: &Draft, cmd: AddLine) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::LineAdded { item: cmd.item, cents: cmd.cents })
    }

    #[state(Draft)]
    async fn place(draft: &Draft, cmd: PlaceOrder, id: &OrderId) -> Result<OrderEvent, OrderError> {
        if draft.cents == 0 {
            return Err(OrderError::Empty);
        }
        Ok(OrderEvent::Placed { address: format!("{} for {}", cmd.address, id.0) })
    }

    #[state(Placed)]
    fn ship(_: Ship) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Shipped)
    }

    /// Sends it back.
    #[state(Placed, Shipped)]
    fn send_back(&self, cmd: Return) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Returned { reason: cmd.reason })
    }

    fn note(&self, _: Note) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Noted("hurry".into()))
    }

    fn ship_anyway(&self, _: ShipAnyway) -> Result<[OrderEvent; 2], Infallible> {
        Ok([OrderEvent::Noted("anyway".into()), OrderEvent::Shipped])
    }
}
