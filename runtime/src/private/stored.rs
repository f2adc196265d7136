//! What `#[command_handler]` calls to name the commands that serde can read.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::domain::{CommandHandlers, CommandOf, StoredCommands};

/// Names a command where serde can read it: the method of a type that it can read wins over that of [`NotStored`].
#[derive(Debug)]
pub struct Stored<A, C>(PhantomData<fn() -> (A, C)>);

impl<A, C> Stored<A, C> {
    /// A command of an aggregate.
    #[expect(clippy::new_without_default, reason = "for generated code alone")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: CommandHandlers, C: CommandOf<A> + DeserializeOwned> Stored<A, C> {
    /// Names it.
    pub fn name<S: StoredCommands<A>>(self, to: &mut S) {
        to.command::<C>();
    }
}

/// The answer for all other commands.
pub trait NotStored: Sized {
    /// It is not named.
    fn name<S>(self, _: &mut S) {}
}

impl<A, C> NotStored for Stored<A, C> {}
