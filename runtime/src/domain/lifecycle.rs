/// The states of an aggregate and how its events lead from one to another, as data.
///
/// `#[aggregate]` and `#[apply]` write it together, from the declared states and the methods that change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifecycle {
    /// The states, in the order of the variants; none where the state is a single struct.
    pub states: &'static [StateInfo],
    /// What the events do, in the order of the methods.
    pub transitions: &'static [Transition],
    /// Which events are declared impossible in which states.
    pub impossible: &'static [Impossible],
}

impl Lifecycle {
    /// Describes a lifecycle.
    pub const fn new(
        states: &'static [StateInfo],
        transitions: &'static [Transition],
        impossible: &'static [Impossible],
    ) -> Self {
        Self { states, transitions, impossible }
    }
}

/// One state that an aggregate can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateInfo {
    /// Its name: that of the variant.
    pub name: &'static str,
    /// What is said of it in the source; empty where nothing is.
    pub doc: &'static str,
}

impl StateInfo {
    /// Describes a state.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc }
    }
}

/// What one event does to an aggregate in one state, or in some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The event's variant in the source, such as `Placed`.
    pub event: &'static str,
    /// The state before it.
    pub from: Origin,
    /// The state after it.
    pub to: Goal,
    /// What is said of it in the source; empty where nothing is.
    pub doc: &'static str,
}

impl Transition {
    /// Describes a transition.
    pub const fn new(event: &'static str, from: Origin, to: Goal, doc: &'static str) -> Self {
        Self { event, from, to, doc }
    }
}

/// Where a transition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing is there yet: the event makes the first state.
    Nothing,
    /// One of these states.
    States(&'static [&'static str]),
    /// Whatever state there is.
    Any,
}

/// Where a transition leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The state stays the one that it is, with other contents.
    Same,
    /// One of these states.
    States(&'static [&'static str]),
    /// That is not told: the method returns `Self` or changes it, and what it makes of it stands in its body.
    Unknown,
}

/// Events that cannot happen in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Impossible {
    /// The state.
    pub state: &'static str,
    /// The events' variants in the source; `None` for all of them: nothing follows on this state.
    pub events: Option<&'static [&'static str]>,
}

impl Impossible {
    /// Describes events that cannot happen in a state.
    pub const fn new(state: &'static str, events: Option<&'static [&'static str]>) -> Self {
        Self { state, events }
    }
}

/// What is known of a command before any is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandInfo {
    /// Its type in the source, such as `Withdraw`.
    pub name: &'static str,
    /// Its handler in the source, such as `withdraw`.
    pub handler: &'static str,
    /// Whether it creates the aggregate.
    pub creates: bool,
    /// The states that it is for; none where it is for all of them.
    pub states: &'static [&'static str],
    /// What is said of its handler in the source; empty where nothing is.
    pub doc: &'static str,
}

impl CommandInfo {
    /// Describes a command that needs an aggregate, in whatever state.
    pub const fn new(name: &'static str, handler: &'static str) -> Self {
        Self { name, handler, creates: false, states: &[], doc: "" }
    }

    /// The same, creating the aggregate.
    pub const fn creating(mut self) -> Self {
        self.creates = true;
        self
    }

    /// The same, for these states alone.
    pub const fn in_states(mut self, states: &'static [&'static str]) -> Self {
        self.states = states;
        self
    }

    /// The same with what is said of it in the source.
    pub const fn with_doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
}
