use std::{fmt::Display, hash::Hash, str::FromStr};

use super::{Aggregate, Dispatch, Schema};

/// An identity: a newtype over `String`, `Uuid` or an integer, told apart from every other by its type.
///
/// `#[derive(Id)]` writes this with serde (transparent), [`Display`], [`FromStr`] and [`Schema`].
/// The text of `Display` names the stream in the store, so it must be the same for equal values for ever.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an identity",
    label = "not an id",
    note = "write `#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]` on a newtype over `String`, `Uuid` or an integer"
)]
pub trait Id: IdKey + Display + FromStr + Schema {}

/// What every key can do: be kept, compared and found again. Implemented for all that can.
#[diagnostic::on_unimplemented(
    message = "an id is copied, compared and hashed, and `{Self}` cannot be",
    label = "lacks `Clone`, `PartialEq`, `Eq` or `Hash`",
    note = "write `#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]` on `{Self}`"
)]
pub trait IdKey: Clone + Eq + Hash + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Eq + Hash + Send + Sync + 'static> IdKey for T {}

/// The identity of one kind of aggregate. `#[aggregate(id = ..)]` writes this.
///
/// That it is an [`Id`] is asked for once, by [`Aggregate::Id`]; asked for here as well, a forgotten derive would be
/// reported twice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the id of an aggregate",
    label = "no `#[aggregate(id = {Self}, ..)]` names it"
)]
pub trait AggregateId: Sized {
    /// The aggregate that this id names.
    type Aggregate: Aggregate<Id = Self>;

    /// Addresses a command to the aggregate with this id, to be sent by a saga or a process manager.
    fn send<C>(&self, command: C) -> Dispatch<Self, C>
    where
        Self: Clone,
    {
        Dispatch { to: self.clone(), command }
    }
}
