//! A small domain of its own: parcels on their way. Without macros.

use std::{
    convert::Infallible,
    fmt,
    future::{Future, ready},
    str::FromStr,
    time::Duration,
};

use gesta::{
    codec::{DecodeError, EncodeError},
    domain::{
        Aggregate, AggregateId, CommandHandlers, CommandOf, Context, Create, Domain, Event, EventOf,
        EventType, Handle, Id, PartInfo, Provide, Registers, Schema, Shape, Supply, Target,
    },
};
use serde::{Deserialize, Serialize};

/// Names a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParcelId(pub String);

impl fmt::Display for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ParcelId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Schema for ParcelId {
    const SHAPE: &'static Shape = &Shape::Scalar("string");
}

impl Id for ParcelId {}

impl AggregateId for ParcelId {
    type Aggregate = Parcel;
}

/// What happens to a parcel.
#[derive(Clone, Debug, PartialEq)]
pub enum ParcelEvent {
    /// It was handed in.
    Registered(Registered),
    /// It passed a depot.
    Scanned(Scanned),
    /// It has arrived.
    Delivered(Delivered),
}

/// A parcel was handed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// To whom.
    pub to: String,
    /// How heavy.
    pub grams: u64,
}

/// A parcel passed a depot. Version 1 had the depot as a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scanned {
    /// Which depot.
    pub depot: String,
}

#[derive(Deserialize)]
struct ScannedV1 {
    depot: u32,
}

/// A parcel has arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// Who has brought it, as the metadata of the command said.
    pub by: Option<String>,
    /// Its number on the receipt.
    pub number: String,
}

const ANY: &Shape = &Shape::Scalar("any");

impl Event for ParcelEvent {
    const TYPES: &'static [EventType] = &[
        EventType::new("parcel.registered", "ParcelEvent::Registered", 1, ANY),
        EventType::new("parcel.scanned", "ParcelEvent::Scanned", 2, ANY),
        EventType::new("parcel.delivered", "ParcelEvent::Delivered", 1, ANY),
    ];

    fn index(&self) -> usize {
        match self {
            Self::Registered(_) => 0,
            Self::Scanned(_) => 1,
            Self::Delivered(_) => 2,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Registered(event) => serde_json::to_writer(out, event)?,
            Self::Scanned(event) => serde_json::to_writer(out, event)?,
            Self::Delivered(event) => serde_json::to_writer(out, event)?,
        }
        Ok(())
    }

    fn decode(index: usize, version: u16, payload: &[u8]) -> Result<Self, DecodeError> {
        Ok(match (index, version) {
            (0, _) => Self::Registered(serde_json::from_slice(payload)?),
            (1, 1) => {
                let old: ScannedV1 = serde_json::from_slice(payload)?;
                Self::Scanned(Scanned { depot: format!("depot {}", old.depot) })
            }
            (1, _) => Self::Scanned(serde_json::from_slice(payload)?),
            _ => Self::Delivered(serde_json::from_slice(payload)?),
        })
    }
}

impl EventOf for ParcelEvent {
    type Aggregate = Parcel;
}

/// Where a parcel is.
#[derive(Debug, Default, PartialEq)]
pub struct Parcel {
    /// How heavy it is.
    pub grams: u64,
    /// The depots that it has passed.
    pub depots: Vec<String>,
    /// Whether it has arrived.
    pub delivered: bool,
}

impl Aggregate for Parcel {
    type Id = ParcelId;
    type Event = ParcelEvent;
    const NAME: &'static str = "parcel";

    fn initial() -> Self {
        Self::default()
    }

    fn apply(&mut self, event: &ParcelEvent) {
        match event {
            ParcelEvent::Registered(Registered { grams, .. }) => self.grams = *grams,
            ParcelEvent::Scanned(Scanned { depot }) => self.depots.push(depot.clone()),
            ParcelEvent::Delivered(_) => self.delivered = true,
        }
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

/// Hands a parcel in, unless there is nothing in it; needs the tariff.
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

/// Brings a parcel to the door; needs couriers, and asks who does it.
#[derive(Clone, Debug)]
pub struct Deliver;

impl CommandHandlers for Parcel {
    type Deps<'d> = (&'d Tariff, &'d Couriers);
}

impl CommandOf<Parcel> for Register {
    type Error = PostError;
    type Deps<'d> = (&'d Tariff,);
    const TARGET: Target = Target::New;

    fn deps<'d>((tariff, _): <Parcel as CommandHandlers>::Deps<'d>) -> Self::Deps<'d> {
        (tariff,)
    }

    fn decide(
        self,
        _: &Parcel,
        _: Context<'_, Parcel>,
        (tariff,): Self::Deps<'_>,
    ) -> impl Future<Output = Result<Vec<ParcelEvent>, PostError>> + Send {
        let (Self { to, grams }, heaviest) = (self, tariff.heaviest);
        ready(match grams {
            0 => Ok(Vec::new()),
            _ if grams > heaviest => Err(PostError::TooHeavy { grams, heaviest }),
            _ => Ok(vec![ParcelEvent::Registered(Registered { to, grams })]),
        })
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Create<Parcel> for Register {}

impl CommandOf<Parcel> for Scan {
    type Error = PostError;
    type Deps<'d> = ();
    const TARGET: Target = Target::Existing;

    fn deps<'d>(_: <Parcel as CommandHandlers>::Deps<'d>) -> Self::Deps<'d> {}

    fn decide(
        self,
        parcel: &Parcel,
        _: Context<'_, Parcel>,
        _: Self::Deps<'_>,
    ) -> impl Future<Output = Result<Vec<ParcelEvent>, PostError>> + Send {
        ready(if parcel.delivered {
            Err(PostError::Delivered)
        } else {
            Ok(self.depots.into_iter().map(|depot| ParcelEvent::Scanned(Scanned { depot })).collect())
        })
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Handle<Parcel> for Scan {}

impl CommandOf<Parcel> for Deliver {
    type Error = PostError;
    type Deps<'d> = (&'d Couriers,);
    const TARGET: Target = Target::Existing;

    fn deps<'d>((_, couriers): <Parcel as CommandHandlers>::Deps<'d>) -> Self::Deps<'d> {
        (couriers,)
    }

    async fn decide(
        self,
        parcel: &Parcel,
        context: Context<'_, Parcel>,
        (couriers,): Self::Deps<'_>,
    ) -> Result<Vec<ParcelEvent>, PostError> {
        if parcel.delivered {
            return Err(PostError::Delivered);
        }
        tokio::time::sleep(couriers.patience).await;
        let (by, number) = (context.meta.actor.clone(), context.id.0.clone());
        Ok(vec![ParcelEvent::Delivered(Delivered { by, number })])
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Handle<Parcel> for Deliver {}

/// What the post needs.
#[derive(Debug)]
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

impl Provide<Tariff> for Deps {
    fn provide(&self) -> &Tariff {
        &self.tariff
    }
}

impl Provide<Couriers> for Deps {
    fn provide(&self) -> &Couriers {
        &self.couriers
    }
}

/// The post as a whole.
#[derive(Debug)]
pub struct Post;

impl Domain for Post {
    type Deps = Deps;
    const NAME: &'static str = "Post";
    const PARTS: &'static [PartInfo] = &[PartInfo::new("parcel", "Parcel", ParcelEvent::TYPES)];
}

impl Registers<Parcel> for Post {
    fn supply(deps: &Deps) -> <Parcel as CommandHandlers>::Deps<'_> {
        Supply::supply(deps)
    }
}
