//! `#[event]`: an enum of facts becomes an `impl Event`.
//!
//! ```text
//! #[event]
//! enum AccountEvent {
//!     Opened { owner: String },                       // stored as `account.opened`
//!     #[event(version = 2, from(WithdrawnV1))]        // older payloads become today's on reading
//!     Withdrawn { cents: u64, reason: String },
//! }
//! ```
//!
//! What was released is recorded in `gesta.lock`; `locked.rs` holds the enum against it.

mod check;
mod expand;
mod golden;
mod locked;
mod model;

use proc_macro2::TokenStream;

pub(crate) use self::check::name_allows;
use crate::{
    driver::{Input, Macro},
    errors::Errors,
};

/// The macro `#[event]`.
pub(crate) struct Event;

impl Macro for Event {
    type Model = model::EventEnum;

    fn read(input: &Input, errors: &mut Errors) -> Option<Self::Model> {
        model::read(input, errors)
    }

    fn check(model: &Self::Model, errors: &mut Errors) {
        check::check(model, errors);
    }

    fn expand(model: &Self::Model) -> TokenStream {
        expand::expand(model)
    }

    fn fallback(input: &Input, _model: Option<&Self::Model>) -> TokenStream {
        expand::fallback(input)
    }
}
