use super::{CommandHandlers, EventType};

/// A whole domain: what `gesta::domain!` defines, and what an application executes.
pub trait Domain: Sized + Send + Sync + 'static {
    /// What the application provides to its handlers; `()` where they need nothing.
    type Deps: Send + Sync + 'static;
    /// Its name, as written in `domain!`.
    const NAME: &'static str;
    /// Its aggregates and what they record.
    const PARTS: &'static [PartInfo];
}

/// That the aggregate `A` is part of a domain whose dependencies suffice for its handlers.
#[diagnostic::on_unimplemented(
    message = "`{A}` is not part of the domain `{Self}`",
    label = "`{Self}` does not list `{A}`",
    note = "add `{A}` to `aggregates: [..]` in `gesta::domain! {{ {Self} {{ .. }} }}`"
)]
pub trait Registers<A: CommandHandlers>: Domain {
    /// Borrows what the handlers of `A` need.
    fn supply(deps: &Self::Deps) -> A::Deps<'_>;
}

/// One aggregate of a domain, as data.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PartInfo {
    /// The category of its streams.
    pub name: &'static str,
    /// Its type in the source.
    pub source: &'static str,
    /// The types of event that it records.
    pub events: &'static [EventType],
}

impl PartInfo {
    /// Describes an aggregate.
    pub const fn new(name: &'static str, source: &'static str, events: &'static [EventType]) -> Self {
        Self { name, source, events }
    }
}

/// Refuses, at compile time when called in a `const`, a domain in which two parts share a name.
pub const fn check_domain(_parts: &[PartInfo]) {}
