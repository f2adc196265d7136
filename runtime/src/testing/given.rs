use std::{any::type_name, borrow::Borrow, fmt};

use super::{
    drive::{PATIENCE, STUCK, drive},
    then::{Decided, When},
};
use crate::domain::{
    Aggregate, CommandHandlers, CommandOf, Context, Create, Event, Meta, Misfit, Supply, Target,
};

/// Begins a test with what has happened to an aggregate so far; nothing for a new one.
///
/// ```
/// # use std::convert::Infallible;
/// # use gesta::prelude::*;
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
/// # pub struct DoorId(pub u32);
/// # #[event]
/// # #[derive(Clone, Debug, PartialEq)]
/// # pub enum DoorEvent { Built, Opened }
/// # #[aggregate(id = DoorId, event = DoorEvent)]
/// # #[derive(Default)]
/// # pub struct Door { open: bool }
/// # #[apply(DoorEvent)]
/// # impl Door {
/// #     fn built(&mut self) {}
/// #     fn opened(&mut self) { self.open = true; }
/// # }
/// # pub struct Open;
/// # #[command_handler]
/// # impl Door {
/// #     fn open(&self, _: Open) -> Result<Option<DoorEvent>, Infallible> {
/// #         Ok((!self.open).then_some(DoorEvent::Opened))
/// #     }
/// # }
/// use gesta::test::given;
///
/// given::<Door>([DoorEvent::Built]).when(Open).then([DoorEvent::Opened]);
/// given::<Door>([DoorEvent::Built, DoorEvent::Opened]).when(Open).then_nothing();
/// ```
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    Given { events: events.into_iter().collect(), id: None, meta: Meta::default() }
}

/// Tests a command that creates an aggregate: `given_creating(Open { .. }).then([..])`.
#[track_caller]
pub fn given_creating<A, C>(command: C) -> When<A, C::Error>
where
    A: CommandHandlers,
    C: Create<A>,
    C::Deps<'static>: NoDependencies,
{
    given::<A>([]).when(command)
}

/// Tests a command that creates an aggregate, and whose handler needs something of the application.
#[track_caller]
pub fn given_creating_with<'d, A, C, D>(command: C, deps: &'d D) -> When<A, C::Error>
where
    A: CommandHandlers,
    C: Create<A>,
    C::Deps<'d>: Supply<'d, D>,
{
    given::<A>([]).when_with(command, deps)
}

/// What has happened so far, and who asks now.
#[must_use = "nothing is tested until a command is given with `.when(..)`"]
pub struct Given<A: Aggregate> {
    events: Vec<A::Event>,
    id: Option<A::Id>,
    meta: Meta,
}

impl<A: Aggregate<Event: Clone>> Clone for Given<A> {
    fn clone(&self) -> Self {
        Self { events: self.events.clone(), id: self.id.clone(), meta: self.meta.clone() }
    }
}

impl<A: Aggregate<Event: fmt::Debug>> fmt::Debug for Given<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given")
            .field("events", &self.events)
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

/// That a handler needs nothing of the application.
#[diagnostic::on_unimplemented(
    message = "this command's handler needs something of the application: `{Self}`",
    label = "needs `{Self}`",
    note = "give it with `.when_with(command, &deps)`, or `given_creating_with(command, &deps)`"
)]
pub trait NoDependencies: Send {
    /// Nothing.
    fn nothing() -> Self;
}

impl NoDependencies for () {
    fn nothing() {}
}

impl<A: Aggregate> Given<A> {
    /// The aggregate's id, for handlers that ask for it. Without it, it is `test`, `1` or the nil UUID.
    pub fn id(mut self, id: impl Borrow<A::Id>) -> Self {
        self.id = Some(id.borrow().clone());
        self
    }

    /// Who asks, for handlers that want to know.
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.meta.actor = Some(actor.into());
        self
    }

    /// For whom the data is kept.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.meta.tenant = Some(tenant.into());
        self
    }

    /// What the command belongs to.
    pub fn correlation(mut self, correlation: impl Into<String>) -> Self {
        self.meta.correlation = Some(correlation.into());
        self
    }

    /// What has caused the command.
    pub fn causation(mut self, causation: impl Into<String>) -> Self {
        self.meta.causation = Some(causation.into());
        self
    }

    /// A free pair of the metadata.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.meta.values.insert(name.into(), value.into());
        self
    }
}

impl<A: CommandHandlers> Given<A> {
    /// Lets the aggregate decide about a command whose handler needs nothing of the application.
    ///
    /// As in the application, a creating command needs an aggregate without events, and any other one with.
    ///
    /// # Panics
    /// When the handler does, or does not come to an end within ten seconds.
    #[track_caller]
    pub fn when<C>(self, command: C) -> When<A, C::Error>
    where
        C: CommandOf<A>,
        C::Deps<'static>: NoDependencies,
    {
        self.decide(command, NoDependencies::nothing())
    }

    /// Lets the aggregate decide about a command, with what its handler needs: `deps` provides at least that.
    ///
    /// # Panics
    /// When the handler does, or does not come to an end within ten seconds.
    #[track_caller]
    pub fn when_with<'d, C, D>(self, command: C, deps: &'d D) -> When<A, C::Error>
    where
        C: CommandOf<A>,
        C::Deps<'d>: Supply<'d, D>,
    {
        self.decide(command, Supply::supply(deps))
    }

    #[track_caller]
    fn decide<C: CommandOf<A>>(self, command: C, deps: C::Deps<'_>) -> When<A, C::Error> {
        let Self { events: given, id, meta } = self;
        let mut state = None;
        if let Err((event, misfit)) = fold::<A>(&mut state, &given) {
            panic!(
                "these events cannot have happened to `{}`: `{event}` does not fit: {misfit}",
                short_name::<A>()
            );
        }
        let decided = match C::TARGET {
            Target::New if !given.is_empty() => Decided::AlreadyExists,
            Target::Existing if given.is_empty() => Decided::NotFound,
            Target::New | Target::Existing => {
                let Some(id) = id.or_else(default_id::<A>) else {
                    panic!("no id could be made up for `{}`; give one with `.id(..)`", short_name::<A>());
                };
                let context = Context { id: &id, meta: &meta };
                match C::state(state.as_ref()) {
                    Some(state) => match drive(command.decide(state, context, deps), PATIENCE) {
                        Some(Ok(events)) => {
                            refuse_retired::<A, C>(&events);
                            Decided::Events(events)
                        }
                        Some(Err(error)) => Decided::Rejected(error),
                        None => panic!("`{}`: {STUCK}", short_name::<C>()),
                    },
                    None => Decided::WrongState {
                        state: state.as_ref().and_then(A::state_name).unwrap_or("?"),
                        needs: C::STATES,
                    },
                }
            }
        };
        let decided = fitting::<A, _>(&mut state, decided);
        When { given, state, command: short_name::<C>(), aggregate: short_name::<A>(), decided }
    }
}

/// What was decided, if its events fit the state, which they change. Only where something is said of that can one not.
fn fitting<A: Aggregate, E>(state: &mut Option<A>, decided: Decided<A::Event, E>) -> Decided<A::Event, E> {
    match &decided {
        Decided::Events(events) if A::LIFECYCLE.is_some() => match fold(state, events) {
            Ok(()) => decided,
            Err((event, misfit)) => Decided::OutOfPlace { event, misfit },
        },
        _ => decided,
    }
}

/// As in the application, nothing is stored that is retired.
#[track_caller]
fn refuse_retired<A: Aggregate, C>(events: &[A::Event]) {
    let types = events.iter().filter_map(|event| A::Event::TYPES.get(event.index()));
    if let Some(retired) = types.into_iter().find(|found| found.retired) {
        panic!(
            "`{}` has recorded `{}`, which is retired: it is read and no longer written",
            short_name::<C>(),
            retired.source
        );
    }
}

/// Folds events, up to the first that does not fit: what it is called, and why.
pub(super) fn fold<A: Aggregate>(
    state: &mut Option<A>,
    events: &[A::Event],
) -> Result<(), (&'static str, Misfit)> {
    for event in events {
        A::fold(state, event).map_err(|misfit| {
            (A::Event::TYPES.get(event.index()).map_or("?", |found| found.source), misfit)
        })?;
    }
    Ok(())
}

/// An id for handlers that do not care which: a text, a number or a UUID.
fn default_id<A: Aggregate>() -> Option<A::Id> {
    ["test", "1", "00000000-0000-0000-0000-000000000000"].into_iter().find_map(|text| text.parse().ok())
}

/// The type's name as it is written after a `use`.
fn short_name<T>() -> &'static str {
    let full = type_name::<T>();
    let end = full.find('<').unwrap_or(full.len());
    full[..end].rfind("::").map_or(full, |at| &full[at + 2..])
}
