use std::{fmt, marker::PhantomData, time::Duration};

use crate::{
    domain::{AggregateId, CommandHandlers, CommandOf, Dispatch, Domain, Sending, Sends, Timestamp},
    execute::{Outgoing, Within},
};

/// What a process manager wants to be done.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reaction<P> {
    /// A command is to be sent.
    Send(Outgoing),
    /// A deadline is to be set or taken away.
    Timer(Timer<P>),
}

/// A deadline of a process manager, by its name. `#[deadline] fn quiet_too_long` defines `Self::QUIET_TOO_LONG`.
pub struct Deadline<P> {
    name: &'static str,
    of: PhantomData<fn() -> P>,
}

/// A change of a deadline: what [`Deadline::after`] and [`Deadline::cancel`] return.
#[must_use = "a timer does nothing until it is returned from a reaction"]
pub struct Timer<P> {
    /// The deadline's name.
    pub deadline: &'static str,
    /// What is to become of it.
    pub change: TimerChange,
    of: PhantomData<fn() -> P>,
}

/// What is to become of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerChange {
    /// It comes so long after the reaction was stored, by the database's clock.
    After(Duration),
    /// It comes at a time, by the database's clock.
    At(Timestamp),
    /// It does not come.
    Cancel,
}

impl<P> Deadline<P> {
    /// The deadline of that name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Sets it, in place of an earlier setting: it comes so long after now.
    pub const fn after(&self, time: Duration) -> Timer<P> {
        self.timer(TimerChange::After(time))
    }

    /// Sets it, in place of an earlier setting: it comes at a time.
    pub const fn at(&self, time: Timestamp) -> Timer<P> {
        self.timer(TimerChange::At(time))
    }

    /// Takes it away, if it is set.
    pub const fn cancel(&self) -> Timer<P> {
        self.timer(TimerChange::Cancel)
    }

    const fn timer(&self, change: TimerChange) -> Timer<P> {
        Timer { deadline: self.name, change, of: PhantomData }
    }
}

impl<P> Clone for Timer<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Timer<P> {}

impl<P> PartialEq for Timer<P> {
    fn eq(&self, other: &Self) -> bool {
        self.deadline == other.deadline && self.change == other.change
    }
}

impl<P> Eq for Timer<P> {}

impl<P> fmt::Debug for Timer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("deadline", &self.deadline).field("change", &self.change).finish()
    }
}

impl<P> fmt::Debug for Deadline<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deadline").field(&self.name).finish()
    }
}

/// What a reaction may return.
#[diagnostic::on_unimplemented(
    message = "`{P}` cannot react with `{Self}`",
    label = "expected `Dispatch<Id, Command>`, `Timer<{P}>`, `Option`, `Vec` or a tuple of them, or nothing"
)]
pub trait IntoReactions<P> {
    /// Adds what is wanted to a list, in order.
    fn into_reactions(self, list: &mut Vec<Reaction<P>>);
}

impl<P> IntoReactions<P> for () {
    fn into_reactions(self, _: &mut Vec<Reaction<P>>) {}
}

impl<P> IntoReactions<P> for Timer<P> {
    fn into_reactions(self, list: &mut Vec<Reaction<P>>) {
        list.push(Reaction::Timer(self));
    }
}

impl<P, I, C> IntoReactions<P> for Dispatch<I, C>
where
    I: AggregateId,
    I::Aggregate: CommandHandlers,
    C: CommandOf<I::Aggregate>,
{
    fn into_reactions(self, list: &mut Vec<Reaction<P>>) {
        list.push(Reaction::Send(Outgoing::new(self)));
    }
}

impl<P, T: IntoReactions<P>> IntoReactions<P> for Option<T> {
    fn into_reactions(self, list: &mut Vec<Reaction<P>>) {
        self.into_iter().for_each(|reaction| reaction.into_reactions(list));
    }
}

impl<P, T: IntoReactions<P>> IntoReactions<P> for Vec<T> {
    fn into_reactions(self, list: &mut Vec<Reaction<P>>) {
        self.into_iter().for_each(|reaction| reaction.into_reactions(list));
    }
}

impl<D: Domain, P> Within<D> for Timer<P> {}

impl<P> Sends for Timer<P> {
    const SENDS: Sending = Sending::Timer;
}

macro_rules! tuples {
    ($($t:ident)+) => {
        impl<P, $($t: IntoReactions<P>),+> IntoReactions<P> for ($($t,)+) {
            fn into_reactions(self, list: &mut Vec<Reaction<P>>) {
                #[allow(non_snake_case)]
                let ($($t,)+) = self;
                $($t.into_reactions(list);)+
            }
        }

        impl<D: Domain, $($t: Within<D>),+> Within<D> for ($($t,)+) {}

        impl<$($t: Sends),+> Sends for ($($t,)+) {
            const SENDS: Sending = Sending::Several(&[$($t::SENDS),+]);
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C E);
tuples!(A B C E F);
tuples!(A B C E F G);
