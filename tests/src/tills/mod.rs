//! A domain whose read side can be checked to the cent: tills that ring amounts up, folded in every way there is.

mod books;
mod notes;
mod truth;
mod writer;

use gesta::{
    app::{Register, Registry},
    codec::{DecodeError, EncodeError},
    domain::{
        Backoff, Delivery, DeliveryPolicy, Domain, EventHandler, HandlerFailure, PartInfo, Projection, React,
        Reactions, Route,
    },
    prelude::*,
    projection::Folds,
};
use serde::{Deserialize, Serialize};

pub use books::{Books, make_books};
pub use notes::Notes;
pub use truth::{Truth, differences, everything_is_done};
pub use writer::Writer;

/// How many subscriptions follow the tills.
pub const SUBSCRIPTIONS: usize = 4;

/// Names a till.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct TillId(pub String);

/// Names a clerk, who works at many tills.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct ClerkId(pub u64);

/// What happens at a till.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum TillEvent {
    /// An amount was rung up.
    Rang {
        /// By whom.
        clerk: ClerkId,
        /// How much.
        cents: i64,
    },
}

/// A till. Its events are appended as they are, without commands.
#[aggregate(id = TillId, event = TillEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Till {
    /// What was rung up in all.
    pub sum: Tally,
}

#[apply(TillEvent)]
impl Till {
    fn rang(&mut self, cents: &i64) {
        self.sum.add(*cents);
    }
}

/// A sum that knows how it came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The sum.
    pub cents: i64,
    /// Of so many amounts.
    pub events: u64,
    /// Another number for another order.
    pub trail: u64,
}

impl Tally {
    /// Adds an amount.
    pub fn add(&mut self, cents: i64) {
        self.cents += cents;
        self.events += 1;
        self.trail = self.trail.wrapping_mul(31).wrapping_add(cents.cast_unsigned()) >> 1;
    }
}

/// What every till has rung up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillSum(pub Tally);

/// What every clerk has rung up, at whatever till: these documents change by the events of many streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClerkSum(pub Tally);

macro_rules! sum {
    ($name:ident, $key:ty, $stored:literal) => {
        impl Projection for $name {
            type Key = $key;
            const NAME: &'static str = $stored;
            const VERSION: u32 = 1;

            fn initial() -> Self {
                Self::default()
            }

            fn encode(&self) -> Result<Vec<u8>, EncodeError> {
                Ok(serde_json::to_vec(self)?)
            }

            fn decode(json: &[u8]) -> Result<Self, DecodeError> {
                Ok(serde_json::from_slice(json)?)
            }
        }
    };
}

sum!(TillSum, TillId, "till_sum");
sum!(ClerkSum, ClerkId, "clerk_sum");

#[apply(TillEvent)]
impl TillSum {
    fn rang(&mut self, cents: &i64) {
        self.0.add(*cents);
    }
}

impl Evolve<TillEvent> for ClerkSum {
    fn evolve(&mut self, event: &TillEvent) {
        let TillEvent::Rang { cents, .. } = event;
        self.0.add(*cents);
    }

    fn route(event: &TillEvent) -> Route {
        let TillEvent::Rang { clerk, .. } = event;
        Route::to::<ClerkId, _>(clerk)
    }
}

/// Notes every delivery.
#[derive(Clone, Copy, Debug)]
pub struct Notary;

impl EventHandler for Notary {
    type Deps<'d> = (&'d Notes,);
    const NAME: &'static str = "notary";

    fn policy() -> DeliveryPolicy {
        DeliveryPolicy::new().attempts(1_000).backoff(Backoff::fixed(Duration::from_millis(50)))
    }

    fn reactions<R: Reactions<Self>>(to: &mut R) {
        to.on::<TillEvent>();
    }
}

impl React<TillEvent> for Notary {
    const VARIANTS: &'static [&'static str] = &["Rang"];

    async fn react(
        _: &TillEvent,
        delivery: &Delivery<'_>,
        (notes,): Self::Deps<'_>,
    ) -> Result<(), HandlerFailure> {
        notes.take(delivery).await.map_err(HandlerFailure::retryable)
    }
}

/// All of it.
#[derive(Clone, Copy, Debug)]
pub enum Tills {}

/// What it needs.
#[derive(Debug, Provide)]
pub struct Deps {
    /// Where deliveries are noted.
    pub notes: Notes,
}

impl Domain for Tills {
    type Deps = Deps;
    const NAME: &'static str = "Tills";
    const PARTS: &'static [PartInfo] = &[];
}

impl Register for Tills {
    fn register(registry: &mut Registry<Self>) {
        fn folds<P: Projection + Evolve<TillEvent>>() -> Folds<P> {
            let mut folds = Folds::new();
            folds.on::<TillEvent>();
            folds
        }
        registry.projection(folds::<TillSum>());
        registry.projection(folds::<ClerkSum>());
        registry.event_handler::<Notary>();
    }
}
