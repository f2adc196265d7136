use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    error::Error,
    fmt,
};

use futures_util::future::BoxFuture;

use super::{ExecuteError, Executor, Options};
use crate::{
    domain::{Aggregate, AggregateId, CommandHandlers, CommandOf, Dispatch, Domain, PartOf, Receipt},
    store::StreamId,
};

/// A command on its way to an aggregate, of whatever type: what a step or a reaction has come to.
pub struct Outgoing(Box<dyn AnyDispatch>);

/// What a command that was sent without knowing its type was refused with.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Rejection(#[from] Box<dyn Error + Send + Sync>);

impl Outgoing {
    /// Forgets the types of a command.
    pub fn new<I, C>(dispatch: Dispatch<I, C>) -> Self
    where
        I: AggregateId,
        I::Aggregate: CommandHandlers,
        C: CommandOf<I::Aggregate>,
    {
        Self(Box::new(Parcel::<I::Aggregate, C> { to: dispatch.to, command: dispatch.command }))
    }

    /// The stream of the aggregate that is to decide.
    pub fn stream(&self) -> StreamId {
        self.0.stream()
    }

    /// The command's type as it is called in the source, without its path.
    pub fn command(&self) -> &'static str {
        self.0.command()
    }

    /// The command, if it is of this type and for an aggregate of this one.
    pub fn get<I, C>(&self) -> Option<(&I, &C)>
    where
        I: AggregateId,
        I::Aggregate: CommandHandlers,
        C: CommandOf<I::Aggregate>,
    {
        let parcel = self.0.as_any().downcast_ref::<Parcel<I::Aggregate, C>>()?;
        Some((&parcel.to, &parcel.command))
    }

    /// Executes it in an application.
    pub(crate) fn send<'a>(
        self,
        office: &'a dyn Office,
        options: Options,
    ) -> BoxFuture<'a, Result<Receipt, ExecuteError<Rejection>>> {
        self.0.send(office, options)
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.command(), self.stream())
    }
}

/// What sends commands without knowing their types: an application.
pub(crate) trait Office: Send + Sync {
    /// What executes them.
    fn executor(&self) -> &Executor;

    /// What the application provides: a `D::Deps`.
    fn deps(&self) -> &(dyn Any + Send + Sync);

    /// The aggregates of its domain.
    fn routes(&self) -> &Routes;

    /// Lets whoever runs a saga in this process look at an instance.
    fn look_at(&self, saga: &str, stream: &StreamId);
}

/// How the handlers of each aggregate of a domain get what they need.
#[derive(Debug, Default)]
pub(crate) struct Routes(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

/// Borrows what the handlers of an aggregate need out of what the application provides.
struct RouteTo<A: CommandHandlers>(for<'d> fn(&'d (dyn Any + Send + Sync)) -> Option<A::Deps<'d>>);

impl Routes {
    /// Commands can be sent to this aggregate.
    pub(crate) fn add<D: Domain, A: CommandHandlers + PartOf<D>>(&mut self) {
        fn supply<D: Domain, A: CommandHandlers + PartOf<D>>(
            deps: &(dyn Any + Send + Sync),
        ) -> Option<A::Deps<'_>> {
            deps.downcast_ref::<D::Deps>().map(<A as PartOf<D>>::supply)
        }
        self.0.insert(TypeId::of::<A>(), Box::new(RouteTo::<A>(supply::<D, A>)));
    }

    fn to<A: CommandHandlers>(&self) -> Option<&RouteTo<A>> {
        self.0.get(&TypeId::of::<A>())?.downcast_ref()
    }
}

/// The type of a command as it is called in the source, without its path.
pub(super) fn command_name<C>() -> &'static str {
    let name = type_name::<C>();
    name.rsplit("::").next().unwrap_or(name)
}

/// A command of whatever type.
trait AnyDispatch: Send {
    fn stream(&self) -> StreamId;
    fn command(&self) -> &'static str;
    fn as_any(&self) -> &dyn Any;
    fn send<'a>(
        self: Box<Self>,
        office: &'a dyn Office,
        options: Options,
    ) -> BoxFuture<'a, Result<Receipt, ExecuteError<Rejection>>>;
}

struct Parcel<A: Aggregate, C> {
    to: A::Id,
    command: C,
}

impl<A: CommandHandlers, C: CommandOf<A>> AnyDispatch for Parcel<A, C> {
    fn stream(&self) -> StreamId {
        StreamId::of(&self.to)
    }

    fn command(&self) -> &'static str {
        command_name::<C>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn send<'a>(
        self: Box<Self>,
        office: &'a dyn Office,
        options: Options,
    ) -> BoxFuture<'a, Result<Receipt, ExecuteError<Rejection>>> {
        Box::pin(async move {
            let deps = office.routes().to::<A>().and_then(|route| (route.0)(office.deps()));
            let Some(deps) = deps else {
                return Err(ExecuteError::NotPart { aggregate: type_name::<A>() });
            };
            let executed = office.executor().execute::<A, C>(self.to, self.command, options, deps).await;
            executed.map_err(|error| error.map_rejected(|rejected| Rejection(Box::new(rejected))))
        })
    }
}
