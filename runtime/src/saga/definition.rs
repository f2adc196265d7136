use std::{future::Future, time::Duration};

use super::{Starts, StepCall, StepDone};
use crate::{
    codec::{DecodeError, EncodeError},
    domain::{ActInfo, Backoff, Domain, HandlerFailure, ReactionInfo, Shape},
};

/// A saga: its data, and steps that are all done, or undone. `#[saga]` writes this.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a saga",
    label = "no `#[saga] impl {Self}`",
    note = "write `#[saga(version = 1)] impl {Self} {{ #[step(compensate = undo)] fn name(&self) -> Dispatch<_, _> {{ .. }} }}`"
)]
pub trait Saga: Sized + Send + Sync + 'static {
    /// Everything that its steps need of the application: a tuple of references, each type once.
    type Deps<'d>: Copy + Send + Sync;
    /// Its name in the store: `transfer`.
    const NAME: &'static str;
    /// The version of the definition, which grows with every change of the steps.
    const VERSION: u16;
    /// The oldest version whose instances can go on by this one: what [`Saga::migrate`] knows.
    const SINCE: u16 = Self::VERSION;
    /// Its steps, in the order in which they are done.
    const STEPS: &'static [StepInfo];
    /// The shape of its data, where that is known.
    const DATA_SHAPE: Option<&'static Shape> = None;
    /// The package in whose source it is; empty where that is not known.
    const PACKAGE: &'static str = "";
    /// What is said of it in the source; empty where nothing is.
    const DOC: &'static str = "";
    /// What [`Saga::starts`] names, as data; nothing where it is not known.
    const STARTED_BY: &'static [ReactionInfo] = &[];
    /// What the command steps and their compensations can send or start, as far as the types of what they return tell.
    const ACTS: &'static [ActInfo] = &[];

    /// Writes the data as JSON.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    fn encode(&self) -> Result<Vec<u8>, EncodeError>;

    /// Reads the data.
    ///
    /// # Errors
    /// When it is not what this version of the saga has written.
    fn decode(json: &[u8]) -> Result<Self, DecodeError>;

    /// The data of an instance of an earlier version, as this version has it; `None` where instances of that version
    /// cannot go on by this one. The steps that they have begun must be the first ones of this version, by name and
    /// in the same order, with outputs of the same types: otherwise they are parked.
    fn migrate(version: u16, data: &[u8]) -> Option<Result<Self, DecodeError>> {
        let _ = (version, data);
        None
    }

    /// Names every type of event that starts it; none for a saga that is only started by a call.
    fn starts<T: Starts<Self>>(to: &mut T) {
        let _ = to;
    }

    /// Calls a step, by its place in [`Saga::STEPS`]. A command step does nothing but decide what to send.
    fn step<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        deps: Self::Deps<'a>,
    ) -> impl Future<Output = Result<StepDone, HandlerFailure>> + Send + 'a;

    /// Calls the compensation of a step, by the step's place.
    fn compensate<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        deps: Self::Deps<'a>,
    ) -> impl Future<Output = Result<StepDone, HandlerFailure>> + Send + 'a;

    /// Asks the far side what became of an attempt of a foreign step whose outcome is not known: its output, or `None`
    /// if it has not happened and will not. Only called where [`StepInfo::probe`] says so.
    fn probe<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        deps: Self::Deps<'a>,
    ) -> impl Future<Output = Result<Option<StepDone>, HandlerFailure>> + Send + 'a {
        let _ = (step, call, deps);
        async { Ok(None) }
    }
}

/// That a saga runs in the domain `D`. `gesta::domain!` writes this for every saga that it lists.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not part of the domain `{D}`",
    label = "`{D}` does not list `{Self}`",
    note = "add `{Self}` to `sagas: [..]` in `gesta::domain! {{ {D} {{ .. }} }}`"
)]
pub trait RunsIn<D: Domain> {}

/// One step of a saga, as data.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StepInfo {
    /// Its name in the store.
    pub name: &'static str,
    /// What it does.
    pub kind: StepKind,
    /// What happens to it when a later step fails.
    pub undo: Undo,
    /// How it is tried.
    pub policy: StepPolicy,
    /// The shape of its output.
    pub output: &'static Shape,
    /// Whether the far side can be asked what became of an attempt.
    pub probe: bool,
    /// What is said of it in the source; empty where nothing is.
    pub doc: &'static str,
}

/// What a step or a compensation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// It sends commands to aggregates of the domain, or starts other sagas: exactly once.
    Command,
    /// It calls something outside: at least once, with a key.
    Foreign,
}

/// What happens to a step when a later one fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Undo {
    /// It is undone.
    Compensation {
        /// The compensation's name.
        name: &'static str,
        /// What the compensation does.
        kind: StepKind,
        /// Whether it takes the step's own output: then it is called only for a step that has one. Otherwise it is
        /// called for every step that was begun, and must tolerate that the step has not happened.
        needs_output: bool,
        /// How the compensation is tried.
        policy: StepPolicy,
    },
    /// It need not be undone.
    Nothing {
        /// Why not.
        reason: &'static str,
    },
    /// The saga cannot go back after it; it can while this step itself fails.
    Pivot,
    /// It comes after the pivot, and is repeated until it works.
    Retriable,
}

/// How a step is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepPolicy {
    /// How often in all; `None` for without end.
    pub attempts: Option<u32>,
    /// How long one attempt of a foreign step may take.
    pub timeout: Duration,
    /// How long it is waited between two attempts.
    pub backoff: Backoff,
}

impl StepPolicy {
    /// That of a step forward: 8 attempts of 30 seconds each.
    pub const fn forward() -> Self {
        Self { attempts: Some(8), timeout: Duration::from_secs(30), backoff: Backoff::new() }
    }

    /// That of a compensation and of a step after the pivot, which nobody else can make good: 32 attempts, about two
    /// hours; then somebody has to decide.
    pub const fn persistent() -> Self {
        Self { attempts: Some(32), timeout: Duration::from_secs(30), backoff: Backoff::new() }
    }

    /// How often it is tried in all; at least once.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(if attempts == 0 { 1 } else { attempts });
        self
    }

    /// It is tried without end.
    #[must_use]
    pub const fn without_end(mut self) -> Self {
        self.attempts = None;
        self
    }

    /// How long one attempt may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long it is waited between two attempts.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }
}

impl StepInfo {
    /// A step with this name.
    pub const fn new(name: &'static str, kind: StepKind, undo: Undo, output: &'static Shape) -> Self {
        let policy = match undo {
            Undo::Retriable => StepPolicy::persistent(),
            _ => StepPolicy::forward(),
        };
        Self { name, kind, undo, policy, output, probe: false, doc: "" }
    }

    /// Tried like this.
    #[must_use]
    pub const fn policy(mut self, policy: StepPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// With what is said of it in the source.
    #[must_use]
    pub const fn with_doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// The far side can be asked what became of an attempt.
    #[must_use]
    pub const fn with_probe(mut self) -> Self {
        self.probe = true;
        self
    }
}
