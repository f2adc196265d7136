use std::{error::Error, future::Future};

use serde::de::DeserializeOwned;

use super::{Aggregate, CommandInfo, Meta};

/// The command handlers of an aggregate as a whole. `#[command_handler]` writes this once per aggregate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no command handlers",
    label = "no `#[command_handler] impl {Self}`",
    note = "write `#[command_handler] impl {Self} {{ fn name(&self, cmd: Command) -> Result<Event, Error> {{ .. }} }}`"
)]
pub trait CommandHandlers: Aggregate {
    /// Everything that its handlers need of the application: a tuple of references, each type once.
    type Deps<'d>: Copy + Send + Sync;
    /// Its commands, in the order of their handlers.
    const COMMANDS: &'static [CommandInfo] = &[];

    /// Names all of its commands by their types.
    fn commands<S: Commands<Self>>(to: &mut S) {
        let _ = to;
    }

    /// Names those of its commands that serde can read: they can be stored, and sent later.
    fn stored<S: StoredCommands<Self>>(to: &mut S) {
        let _ = to;
    }
}

/// What collects the commands of an aggregate.
pub trait Commands<A: CommandHandlers> {
    /// This is one of them.
    fn command<C: CommandOf<A>>(&mut self);
}

/// What collects the commands of an aggregate that can be stored and read again.
pub trait StoredCommands<A: CommandHandlers> {
    /// This is one of them.
    fn command<C: CommandOf<A> + DeserializeOwned>(&mut self);
}

/// A command that the aggregate `A` decides about, by the one handler that it has.
///
/// Beside it a command is either [`Create`] or [`Handle`]. `#[command_handler]` writes both.
#[diagnostic::on_unimplemented(
    message = "`{A}` has no handler for the command `{Self}`",
    label = "`{A}` does not handle `{Self}`",
    note = "add `fn name(&self, cmd: {Self}) -> Result<_, _>` to a `#[command_handler] impl {A}`"
)]
pub trait CommandOf<A: CommandHandlers>: Sized + Send + 'static {
    /// Why the command may be rejected.
    type Error: Error + Send + Sync + 'static;
    /// What this handler needs of the application: a tuple of references.
    type Deps<'d>: Copy + Send + Sync;
    /// What the handler looks at: nothing, `()`, for a creating command; the aggregate, or what is in one of its states.
    type State<'s>;
    /// Whether the command creates an instance or needs one.
    const TARGET: Target;
    /// The states that it is for; none where it is for all of them.
    const STATES: &'static [&'static str] = &[];

    /// Picks what this handler needs out of what all handlers of the aggregate need.
    fn deps<'d>(all: A::Deps<'d>) -> Self::Deps<'d>;

    /// Picks what the handler looks at out of what there is: of an aggregate, or of none for a creating command.
    /// `None` where the command is not for a state like this.
    fn state(of: Option<&A>) -> Option<Self::State<'_>>;

    /// Decides: the events to store, or why there are none.
    ///
    /// It may be called several times for one execution, so it must not have effects of its own.
    fn decide(
        self,
        state: Self::State<'_>,
        context: Context<'_, A>,
        deps: Self::Deps<'_>,
    ) -> impl Future<Output = Result<Vec<A::Event>, Self::Error>> + Send;

    /// The same command once more, to decide again after a conflict; `None` where the command is not `Clone`.
    fn again(&self) -> Option<Self> {
        None
    }
}

/// What a handler may ask for beside state, command and dependencies.
#[derive(Debug)]
pub struct Context<'a, A: Aggregate> {
    /// Which instance decides.
    pub id: &'a A::Id,
    /// Who asks, and what it belongs to.
    pub meta: &'a Meta,
}

impl<A: Aggregate> Clone for Context<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Aggregate> Copy for Context<'_, A> {}

/// Whether a command creates an instance or needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The instance must not exist.
    New,
    /// The instance must exist.
    Existing,
}

/// A command that creates an instance of `A`: its handler has no `self`.
#[diagnostic::on_unimplemented(
    message = "the command `{Self}` does not create `{A}`",
    label = "no creating handler of `{A}` takes `{Self}`",
    note = "a creating handler has no `&self`: `fn name(cmd: {Self}) -> Result<_, _>` in `#[command_handler] impl {A}`",
    note = "if `{Self}` is for an existing `{A}`, call `app.execute(id, command)`"
)]
pub trait Create<A: CommandHandlers>: CommandOf<A> {}

/// A command to an existing instance of `A`: its handler takes `&self`.
#[diagnostic::on_unimplemented(
    message = "`{A}` has no handler for the command `{Self}` on an existing instance",
    label = "no `&self` handler of `{A}` takes `{Self}`",
    note = "add `fn name(&self, cmd: {Self}) -> Result<_, _>` to a `#[command_handler] impl {A}`",
    note = "if `{Self}` creates the `{A}`, its handler has no `&self`: call `app.create(id, command)`"
)]
pub trait Handle<A: CommandHandlers>: CommandOf<A> {}

/// What a handler may return beside an error: one event, an `Option`, a `Vec` or an array of events.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "expected `{E}`, `Vec<{E}>`, `[{E}; N]` or `Option<{E}>`"
)]
pub trait IntoEvents<E> {
    /// The events, in the order in which they happened.
    fn into_events(self) -> Vec<E>;
}

impl<E> IntoEvents<E> for E {
    fn into_events(self) -> Vec<E> {
        vec![self]
    }
}

impl<E> IntoEvents<E> for Option<E> {
    fn into_events(self) -> Vec<E> {
        self.into_iter().collect()
    }
}

impl<E> IntoEvents<E> for Vec<E> {
    fn into_events(self) -> Vec<E> {
        self
    }
}

impl<E, const N: usize> IntoEvents<E> for [E; N] {
    fn into_events(self) -> Vec<E> {
        self.into()
    }
}
