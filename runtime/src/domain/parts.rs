use super::{CommandHandlers, CommandInfo, EventType, FollowerInfo, Lifecycle, const_text, const_text::Text};

/// A whole domain: what `gesta::domain!` defines, and what an application executes.
pub trait Domain: Sized + Send + Sync + 'static {
    /// What the application provides to its handlers; `()` where they need nothing.
    type Deps: Send + Sync + 'static;
    /// Its name, as written in `domain!`.
    const NAME: &'static str;
    /// Its aggregates and what they record.
    const PARTS: &'static [PartInfo];
    /// Its projections and event handlers.
    const FOLLOWERS: &'static [FollowerInfo] = &[];
    /// The package in whose source it is; empty where that is not known.
    const PACKAGE: &'static str = "";
    /// What is said of it in the source; empty where nothing is.
    const DOC: &'static str = "";
    /// The version of that package; empty where that is not known.
    const RELEASE: &'static str = "";
}

/// That an aggregate is part of the domain `D`, whose dependencies suffice for its handlers.
///
/// `gesta::domain!` writes this for every aggregate that it lists.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not part of the domain `{D}`",
    label = "`{D}` does not list `{Self}`",
    note = "add `{Self}` to `aggregates: [..]` in `gesta::domain! {{ {D} {{ .. }} }}`"
)]
pub trait PartOf<D: Domain>: Sized {
    /// Borrows what its handlers need.
    fn supply(deps: &D::Deps) -> Self::Deps<'_>
    where
        Self: CommandHandlers;
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
    /// Its commands.
    pub commands: &'static [CommandInfo],
    /// Its states and what leads from one to another, where that is declared.
    pub lifecycle: Option<&'static Lifecycle>,
}

impl PartInfo {
    /// Describes an aggregate.
    pub const fn new(name: &'static str, source: &'static str, events: &'static [EventType]) -> Self {
        Self { name, source, events, commands: &[], lifecycle: None }
    }

    /// The same with its commands.
    pub const fn with_commands(mut self, commands: &'static [CommandInfo]) -> Self {
        self.commands = commands;
        self
    }

    /// The same with its states and what leads from one to another.
    pub const fn with_lifecycle(mut self, lifecycle: Option<&'static Lifecycle>) -> Self {
        self.lifecycle = lifecycle;
        self
    }
}

/// Refuses, at compile time when called in a `const`, a domain in which two parts share a name.
///
/// Two aggregates of one name would write into each other's streams, and two events of one name could not be told
/// apart when they are read.
///
/// # Panics
/// If two parts, or two of their events, share a name. The text says which, as they are called in the source.
///
/// ```compile_fail
/// use gesta::domain::{EventType, PartInfo, Shape, check_domain};
///
/// const OPENED: &[EventType] = &[EventType::new("opened", "AccountEvent::Opened", 1, &Shape::Struct(&[]))];
/// const STARTED: &[EventType] = &[EventType::new("opened", "CaseEvent::Started", 1, &Shape::Struct(&[]))];
/// const _: () = check_domain(&[
///     PartInfo::new("account", "Account", OPENED),
///     PartInfo::new("case", "Case", STARTED),
/// ]);
/// ```
pub const fn check_domain(parts: &[PartInfo]) {
    let mut i = 0;
    while i < parts.len() {
        let mut j = 0;
        while j < i {
            if const_text::equal(parts[j].name, parts[i].name) {
                refuse_parts(&parts[j], &parts[i]);
            }
            j += 1;
        }
        check_events(parts, i);
        i += 1;
    }
}

/// Compares the events of one part with each other and with those of the parts before it.
const fn check_events(parts: &[PartInfo], i: usize) {
    let events = parts[i].events;
    let mut at = 0;
    while at < events.len() {
        let mut j = 0;
        while j <= i {
            let others = if j == i { at } else { parts[j].events.len() };
            let mut other = 0;
            while other < others {
                if const_text::equal(parts[j].events[other].name, events[at].name) {
                    refuse_events(&parts[j].events[other], &events[at]);
                }
                other += 1;
            }
            j += 1;
        }
        at += 1;
    }
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
const fn refuse_parts(first: &PartInfo, second: &PartInfo) -> ! {
    let text = <Text>::new()
        .push("two aggregates share the name `")
        .push(second.name)
        .push("`: `")
        .push(first.source)
        .push("` and `")
        .push(second.source)
        .push("`; give one of them another: `#[aggregate(name = \"..\", ..)]`");
    panic!("{}", text.as_str())
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
const fn refuse_events(first: &EventType, second: &EventType) -> ! {
    let text = <Text>::new()
        .push("two events share the name `")
        .push(second.name)
        .push("`: `")
        .push(first.source)
        .push("` and `")
        .push(second.source)
        .push("`; give one of them another: `#[event(name = \"..\")]`");
    panic!("{}", text.as_str())
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::domain::Shape;

    const NONE: &Shape = &Shape::Struct(&[]);
    const OPENED: &[EventType] = &[EventType::new("account.opened", "AccountEvent::Opened", 1, NONE)];
    const STARTED: &[EventType] = &[
        EventType::new("case.started", "CaseEvent::Started", 1, NONE),
        EventType::new("account.opened", "CaseEvent::Opened", 1, NONE),
    ];

    fn refusal(parts: &[PartInfo]) -> String {
        let panic = catch_unwind(|| check_domain(parts)).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    }

    #[test]
    fn names_of_their_own_are_accepted() {
        const { check_domain(&[PartInfo::new("account", "A", OPENED), PartInfo::new("case", "C", &[])]) }
    }

    #[test]
    fn both_sources_of_a_shared_name_are_told() {
        assert_eq!(
            refusal(&[
                PartInfo::new("account", "a::Account", &[]),
                PartInfo::new("account", "b::Account", &[])
            ]),
            "two aggregates share the name `account`: `a::Account` and `b::Account`; \
             give one of them another: `#[aggregate(name = \"..\", ..)]`"
        );
        assert_eq!(
            refusal(&[PartInfo::new("account", "Account", OPENED), PartInfo::new("case", "Case", STARTED)]),
            "two events share the name `account.opened`: `AccountEvent::Opened` and `CaseEvent::Opened`; \
             give one of them another: `#[event(name = \"..\")]`"
        );
    }
}
