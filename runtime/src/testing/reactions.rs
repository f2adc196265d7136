use std::fmt::Debug;

use crate::{
    domain::{Aggregate, AggregateId, CommandHandlers, CommandOf, Dispatch},
    process_manager::{Reaction, Timer},
};

/// What a process manager is expected to do: a `Dispatch`, a `Timer`, or `Option`, `Vec`, arrays and tuples of them, or
/// nothing: `()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with what `{P}` does",
    label = "expected `Dispatch<Id, Command>`, `Timer<{P}>`, or `Option`, `Vec`, arrays and tuples of them",
    note = "a command that is compared is `Clone`, `Debug` and `PartialEq`"
)]
pub trait ExpectedReactions<P> {
    /// Adds what is expected to a list, in order.
    fn expect(self, list: &mut Vec<ExpectedReaction<P>>);
}

/// One thing that is expected.
#[derive(Debug)]
pub struct ExpectedReaction<P> {
    text: String,
    is: Box<dyn IsReaction<P>>,
}

/// Compares something that is expected with what was done.
trait IsReaction<P>: Debug {
    /// Whether it is that, and how it is shown; `None` where it is something else altogether.
    fn compare(&self, actual: &Reaction<P>) -> Option<(bool, String)>;
}

impl<P> ExpectedReaction<P> {
    pub(super) fn text(&self) -> String {
        self.text.clone()
    }

    pub(super) fn is(&self, actual: &Reaction<P>) -> bool {
        self.is.compare(actual).is_some_and(|(same, _)| same)
    }

    /// How a reaction is shown, if it is of this kind.
    pub(super) fn show(&self, actual: &Reaction<P>) -> Option<String> {
        self.is.compare(actual).map(|(_, text)| text)
    }
}

/// How a reaction is shown of which nothing more is known.
pub(super) fn in_words<P>(actual: &Reaction<P>) -> String {
    match actual {
        Reaction::Send(outgoing) => format!("{outgoing:?}"),
        Reaction::Timer(timer) => format!("{timer:?}"),
    }
}

#[derive(Debug)]
struct Sends<I, C>(I, C);

impl<P, I, C> IsReaction<P> for Sends<I, C>
where
    I: AggregateId<Aggregate: Aggregate<Id = I> + CommandHandlers> + Debug + PartialEq + 'static,
    C: CommandOf<I::Aggregate> + Debug + PartialEq,
{
    fn compare(&self, actual: &Reaction<P>) -> Option<(bool, String)> {
        let Reaction::Send(outgoing) = actual else { return None };
        let (to, command) = outgoing.get::<I, C>()?;
        Some((*to == self.0 && *command == self.1, sent(to, command)))
    }
}

fn sent(to: &impl Debug, command: &impl Debug) -> String {
    format!("{command:?} to {to:?}")
}

impl<P, I, C> ExpectedReactions<P> for Dispatch<I, C>
where
    I: AggregateId<Aggregate: Aggregate<Id = I> + CommandHandlers> + Debug + PartialEq + 'static,
    C: CommandOf<I::Aggregate> + Debug + PartialEq,
{
    fn expect(self, list: &mut Vec<ExpectedReaction<P>>) {
        let text = sent(&self.to, &self.command);
        list.push(ExpectedReaction { text, is: Box::new(Sends(self.to, self.command)) });
    }
}

impl<P> IsReaction<P> for Timer<P> {
    fn compare(&self, actual: &Reaction<P>) -> Option<(bool, String)> {
        match actual {
            Reaction::Timer(timer) => Some((timer == self, format!("{timer:?}"))),
            Reaction::Send(_) => None,
        }
    }
}

impl<P: 'static> ExpectedReactions<P> for Timer<P> {
    fn expect(self, list: &mut Vec<ExpectedReaction<P>>) {
        list.push(ExpectedReaction { text: format!("{self:?}"), is: Box::new(self) });
    }
}

impl<P> ExpectedReactions<P> for () {
    fn expect(self, _: &mut Vec<ExpectedReaction<P>>) {}
}

impl<P, T: ExpectedReactions<P>> ExpectedReactions<P> for Option<T> {
    fn expect(self, list: &mut Vec<ExpectedReaction<P>>) {
        self.into_iter().for_each(|expected| expected.expect(list));
    }
}

impl<P, T: ExpectedReactions<P>> ExpectedReactions<P> for Vec<T> {
    fn expect(self, list: &mut Vec<ExpectedReaction<P>>) {
        self.into_iter().for_each(|expected| expected.expect(list));
    }
}

impl<P, T: ExpectedReactions<P>, const N: usize> ExpectedReactions<P> for [T; N] {
    fn expect(self, list: &mut Vec<ExpectedReaction<P>>) {
        self.into_iter().for_each(|expected| expected.expect(list));
    }
}

macro_rules! tuples {
    ($($t:ident)+) => {
        impl<P, $($t: ExpectedReactions<P>),+> ExpectedReactions<P> for ($($t,)+) {
            fn expect(self, list: &mut Vec<ExpectedReaction<P>>) {
                #[allow(non_snake_case)]
                let ($($t,)+) = self;
                $($t.expect(list);)+
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C E);
tuples!(A B C E F);
tuples!(A B C E F G);
