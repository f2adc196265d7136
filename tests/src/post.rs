//! A small domain of its own: parcels on their way.

use gesta::prelude::*;
use serde::Deserialize;

/// Names a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct ParcelId(pub String);

/// What happens to a parcel.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum ParcelEvent {
    /// It was handed in.
    Registered {
        /// To whom.
        to: String,
        /// How heavy.
        grams: u64,
    },
    /// It passed a depot.
    #[event(version = 2, from(ScannedV1))]
    Scanned {
        /// Which one.
        depot: String,
    },
    /// It has arrived.
    Delivered {
        /// Who has brought it, as the metadata of the command said.
        by: Option<String>,
        /// Its number on the receipt.
        number: String,
    },
}

/// `parcel.scanned` when depots were numbers.
#[derive(Deserialize, Schema)]
pub struct ScannedV1 {
    depot: u32,
}

impl From<ScannedV1> for ParcelEvent {
    fn from(old: ScannedV1) -> Self {
        Self::Scanned { depot: format!("depot {}", old.depot) }
    }
}

/// Where a parcel is.
#[aggregate(id = ParcelId, event = ParcelEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Parcel {
    /// How heavy it is.
    pub grams: u64,
    /// The depots that it has passed.
    pub depots: Vec<String>,
    /// Whether it has arrived.
    pub delivered: bool,
}

#[apply(ParcelEvent)]
impl Parcel {
    fn registered(&mut self, grams: &u64) {
        self.grams = *grams;
    }

    fn scanned(&mut self, depot: &str) {
        self.depots.push(depot.to_owned());
    }

    fn delivered(&mut self) {
        self.delivered = true;
    }
}

/// How heavy a parcel may be.
#[derive(Debug)]
pub struct Tariff {
    /// In grams.
    pub heaviest: u64,
}

/// The people who ring at doors.
#[derive(Debug)]
pub struct Couriers {
    /// How long it takes until somebody opens.
    pub patience: Duration,
}

/// Why the post refuses.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum PostError {
    /// Beyond the tariff.
    #[error("{grams} g are more than {heaviest} g")]
    TooHeavy {
        /// Its weight.
        grams: u64,
        /// The greatest weight.
        heaviest: u64,
    },
    /// It has arrived already.
    #[error("it was delivered already")]
    Delivered,
}

/// Hands a parcel in, unless there is nothing in it.
#[derive(Clone, Debug)]
pub struct Register {
    /// To whom.
    pub to: String,
    /// How heavy.
    pub grams: u64,
}

/// Notes that a parcel has passed depots.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Which depots.
    pub depots: Vec<String>,
}

/// Brings a parcel to the door.
#[derive(Clone, Debug)]
pub struct Deliver;

#[command_handler]
impl Parcel {
    fn register(cmd: Register, tariff: &Tariff) -> Result<Option<ParcelEvent>, PostError> {
        let (Register { to, grams }, heaviest) = (cmd, tariff.heaviest);
        if grams > heaviest {
            return Err(PostError::TooHeavy { grams, heaviest });
        }
        Ok((grams > 0).then_some(ParcelEvent::Registered { to, grams }))
    }

    fn scan(&self, cmd: Scan) -> Result<Vec<ParcelEvent>, PostError> {
        if self.delivered {
            return Err(PostError::Delivered);
        }
        Ok(cmd.depots.into_iter().map(|depot| ParcelEvent::Scanned { depot }).collect())
    }

    async fn deliver(
        &self,
        _: Deliver,
        id: &ParcelId,
        meta: &Meta,
        couriers: &Couriers,
    ) -> Result<ParcelEvent, PostError> {
        if self.delivered {
            return Err(PostError::Delivered);
        }
        tokio::time::sleep(couriers.patience).await;
        Ok(ParcelEvent::Delivered { by: meta.actor.clone(), number: id.0.clone() })
    }
}

/// What the post needs.
#[derive(Debug, Provide)]
pub struct Deps {
    /// How heavy parcels may be.
    pub tariff: Tariff,
    /// Who brings them.
    pub couriers: Couriers,
}

impl Default for Deps {
    fn default() -> Self {
        Self { tariff: Tariff { heaviest: 30_000 }, couriers: Couriers { patience: Duration::ZERO } }
    }
}

gesta::domain! {
    pub Post {
        deps: Deps,
        aggregates: [Parcel],
    }
}
