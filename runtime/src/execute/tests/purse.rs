//! A small domain without macros.

use std::{convert::Infallible, fmt, future::Future, str::FromStr};

use crate::{
    codec::{DecodeError, EncodeError},
    domain::*,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PurseId(pub(super) String);

impl fmt::Display for PurseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PurseId {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.into()))
    }
}

impl Schema for PurseId {
    const SHAPE: &'static Shape = &Shape::Scalar("string");
}

impl Id for PurseId {}

impl AggregateId for PurseId {
    type Aggregate = Purse;
}

/// Coins put in, or taken out where negative.
#[derive(Debug, PartialEq)]
pub(super) struct Moved(pub(super) i64);

impl Event for Moved {
    const TYPES: &'static [EventType] = &[EventType::new("purse.moved", "Moved", 1, &Shape::Scalar("i64"))];

    fn index(&self) -> usize {
        0
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        serde_json::to_writer(out, &self.0).map_err(EncodeError::from)
    }

    fn decode(_: usize, _: u16, payload: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self(serde_json::from_slice(payload)?))
    }
}

impl EventOf for Moved {
    type Aggregate = Purse;
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Purse {
    pub(super) coins: i64,
}

impl Aggregate for Purse {
    type Id = PurseId;
    type Event = Moved;
    const NAME: &'static str = "purse";
    const SNAPSHOT: Option<SnapshotPolicy<Self>> = Some(SnapshotPolicy {
        every: 10,
        fingerprint: 7,
        save: |purse| serde_json::to_vec(&purse.coins).map_err(EncodeError::from),
        restore: |bytes| Ok(Self { coins: serde_json::from_slice(bytes)? }),
    });

    fn fold(state: &mut Option<Self>, event: &Moved) -> Result<(), Misfit> {
        assert!(event.0 != i64::MIN, "a state change that panics");
        state.get_or_insert_default().coins += event.0;
        Ok(())
    }
}

impl CommandHandlers for Purse {
    type Deps<'d> = ();
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("only {0} coins")]
pub(super) struct TooFew(pub(super) i64);

/// Creates a purse with so many coins.
#[derive(Clone)]
pub(super) struct Sew(pub(super) i64);

/// Moves coins if there are enough.
#[derive(Clone)]
pub(super) struct Move(pub(super) i64);

/// The same, but not to be repeated.
pub(super) struct MoveOnce(pub(super) i64);

fn moved(coins: i64, by: i64, target: Target) -> impl Future<Output = Result<Vec<Moved>, TooFew>> + Send {
    std::future::ready(if coins.saturating_add(by) < 0 && by != i64::MIN {
        Err(TooFew(coins))
    } else {
        Ok(Vec::from_iter((by != 0 || target == Target::New).then_some(Moved(by))))
    })
}

macro_rules! command {
    ($command:ident $target:ident $mode:ident, $again:expr) => {
        impl CommandOf<Purse> for $command {
            type Error = TooFew;
            type Deps<'d> = ();
            type State<'s> = Option<&'s Purse>;
            const TARGET: Target = Target::$target;

            fn deps<'d>(all: <Purse as CommandHandlers>::Deps<'d>) -> Self::Deps<'d> {
                all
            }

            fn state(of: Option<&Purse>) -> Option<Self::State<'_>> {
                Some(of)
            }

            fn decide(
                self,
                purse: Self::State<'_>,
                _: Context<'_, Purse>,
                _: Self::Deps<'_>,
            ) -> impl Future<Output = Result<Vec<Moved>, TooFew>> + Send {
                moved(purse.map_or(0, |purse| purse.coins), self.0, Self::TARGET)
            }

            fn again(&self) -> Option<Self> {
                $again(self)
            }
        }
        impl $mode<Purse> for $command {}
    };
}

command!(Sew New Create, |sew: &Sew| Some(sew.clone()));
command!(Move Existing Handle, |command: &Move| Some(command.clone()));
command!(MoveOnce Existing Handle, |_: &MoveOnce| None);

pub(super) struct Tailor;

impl Domain for Tailor {
    type Deps = ();
    const NAME: &'static str = "Tailor";
    const PARTS: &'static [PartInfo] = &[PartInfo::new("purse", "Purse", Moved::TYPES)];
}

impl PartOf<Tailor> for Purse {
    fn supply(_: &()) {}
}

impl crate::app::Register for Tailor {}
