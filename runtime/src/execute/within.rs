use crate::domain::{AggregateId, Dispatch, Domain, PartOf};

/// That everything which a saga or process manager sends to is part of the domain `D`. The macros write this; what it
/// asks for is [`PartOf`] of each aggregate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` sends to what is not part of the domain `{D}`",
    label = "this part of `{D}` needs another"
)]
pub trait Within<D: Domain> {}

impl<D: Domain, I, C> Within<D> for Dispatch<I, C>
where
    I: AggregateId,
    I::Aggregate: PartOf<D>,
{
}

impl<D: Domain, T: Within<D>> Within<D> for Option<T> {}

impl<D: Domain, T: Within<D>> Within<D> for Vec<T> {}

impl<D: Domain> Within<D> for () {}
