//! The vocabulary of a domain: pure, synchronous where it can be, without any I/O.
//!
//! Every macro of gesta writes impls of the traits in this module; each can be written by hand.

mod aggregate;
mod command;
pub(crate) mod const_text;
mod dispatch;
mod event;
mod event_handler;
mod evolve;
mod failure;
mod followers;
mod id;
mod id_value;
mod index;
mod lifecycle;
mod locked;
mod meta;
mod misfit;
mod parts;
mod policies;
mod policy;
mod position;
mod projection;
mod provide;
mod receipt;
mod recorded;
mod schema;
mod sends;
mod timestamp;
mod transitions;

pub use aggregate::{Aggregate, SnapshotPolicy};
pub use command::{
    CommandHandlers, CommandOf, Commands, Context, Create, Handle, IntoEvents, StoredCommands, Target,
};
pub use dispatch::Dispatch;
pub use event::{Event, EventOf, EventType, OldVersion, UpcastFrom};
pub use event_handler::{Delivery, EventHandler, React, Reactions};
pub use evolve::Evolve;
pub use failure::{Classify, FailureClass, HandlerFailure};
pub use followers::{FollowerInfo, FollowerKind, check_followers};
pub(crate) use followers::{refuse_document_with_states, refuse_inline_by, refuse_projection};
pub use id::{AggregateId, Id, IdKey};
pub use id_value::{IdValue, ParseIdError};
pub use index::{IndexKey, Indexed};
pub use lifecycle::{CommandInfo, Goal, Impossible, Lifecycle, Origin, StateInfo, Transition};
#[doc(hidden)]
pub use locked::{ListedSaga, check_locked_events, check_locked_sagas, check_whole_lock};
pub use meta::{IdempotencyKey, Meta};
pub use misfit::Misfit;
pub use parts::{Domain, PartInfo, PartOf, check_domain};
pub use policies::check_acyclic;
pub use policy::{Backoff, BreakerPolicy, DeliveryPolicy, Growth, Start};
pub use position::Position;
pub use projection::{Projection, ProjectionKey, Route, RouteField};
pub use provide::{Provide, Supply};
pub use receipt::Receipt;
pub use recorded::Recorded;
pub use schema::{Field, Schema, Shape, Variant, fingerprint, json_schema};
#[doc(hidden)]
pub use schema::{UNKNOWN, check_locked, check_locked_data};
pub(crate) use schema::{is_plain, print_name, print_separated};
pub use sends::{ActInfo, ReactionInfo, Sending, Sends};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use transitions::{States, Transitions};
