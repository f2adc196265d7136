use super::{ActInfo, ReactionInfo, const_text, const_text::Text};

/// What follows the log under a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FollowerKind {
    /// Documents folded from events.
    Projection,
    /// Effects outside of the store.
    EventHandler,
    /// Steps that are all done, or undone.
    Saga,
    /// State that decides what to send.
    ProcessManager,
}

/// One part of a domain that follows the log, as data.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FollowerInfo {
    /// What it is.
    pub kind: FollowerKind,
    /// Its name in the store.
    pub name: &'static str,
    /// Its type in the source.
    pub source: &'static str,
    /// The version of a saga's definition; 0 for everything else.
    pub version: u16,
    /// What a process manager reacts to, and what starts a saga.
    pub reactions: &'static [ReactionInfo],
    /// What the deadlines of a process manager send, or the steps of a saga and what undoes them.
    pub acts: &'static [ActInfo],
}

impl FollowerInfo {
    const fn new(kind: FollowerKind, name: &'static str, source: &'static str) -> Self {
        Self { kind, name, source, version: 0, reactions: &[], acts: &[] }
    }

    /// Describes a projection.
    pub const fn projection(name: &'static str, source: &'static str) -> Self {
        Self::new(FollowerKind::Projection, name, source)
    }

    /// Describes an event handler.
    pub const fn event_handler(name: &'static str, source: &'static str) -> Self {
        Self::new(FollowerKind::EventHandler, name, source)
    }

    /// Describes a saga.
    pub const fn saga(name: &'static str, source: &'static str) -> Self {
        Self::new(FollowerKind::Saga, name, source)
    }

    /// With the version of its definition: a saga may be listed in several.
    #[must_use]
    pub const fn of_version(mut self, version: u16) -> Self {
        self.version = version;
        self
    }

    /// With what a process manager reacts to, or what starts a saga.
    #[must_use]
    pub const fn with_reactions(mut self, reactions: &'static [ReactionInfo]) -> Self {
        self.reactions = reactions;
        self
    }

    /// With what the deadlines of a process manager send, or the steps of a saga and what undoes them.
    #[must_use]
    pub const fn with_acts(mut self, acts: &'static [ActInfo]) -> Self {
        self.acts = acts;
        self
    }

    /// Whether both are definitions of one saga, of different versions.
    const fn is_another_version_of(&self, other: &Self) -> bool {
        matches!(self.kind, FollowerKind::Saga)
            && matches!(other.kind, FollowerKind::Saga)
            && self.version != other.version
    }

    /// Describes a process manager.
    pub const fn process_manager(name: &'static str, source: &'static str) -> Self {
        Self::new(FollowerKind::ProcessManager, name, source)
    }
}

impl FollowerKind {
    const fn words(self) -> Words {
        match self {
            Self::Projection => {
                Words { one: "a projection", two: "two projections", attribute: "projection" }
            }
            Self::EventHandler => {
                Words { one: "an event handler", two: "two event handlers", attribute: "event_handler" }
            }
            Self::Saga => Words { one: "a saga", two: "two sagas", attribute: "saga" },
            Self::ProcessManager => {
                Words { one: "a process manager", two: "two process managers", attribute: "process_manager" }
            }
        }
    }
}

/// What a kind is called.
struct Words {
    one: &'static str,
    two: &'static str,
    attribute: &'static str,
}

/// Refuses, at compile time when called in a `const`, a domain in which two projections, event handlers, sagas or
/// process managers share a name: each would go on where the other has come to.
///
/// # Panics
/// If two share a name. The text says which, as they are called in the source.
///
/// ```compile_fail
/// use gesta::domain::{FollowerInfo, check_followers};
///
/// const _: () = check_followers(&[
///     FollowerInfo::projection("balance", "Balance"),
///     FollowerInfo::event_handler("balance", "Balances"),
/// ]);
/// ```
pub const fn check_followers(followers: &[FollowerInfo]) {
    let mut i = 0;
    while i < followers.len() {
        let mut j = 0;
        while j < i {
            // What has no name is something else, which is said elsewhere.
            if !followers[i].name.is_empty()
                && const_text::equal(followers[j].name, followers[i].name)
                && !followers[j].is_another_version_of(&followers[i])
            {
                refuse_followers(&followers[j], &followers[i]);
            }
            j += 1;
        }
        i += 1;
    }
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
const fn refuse_followers(first: &FollowerInfo, second: &FollowerInfo) -> ! {
    let (one, other) = (first.kind.words(), second.kind.words());
    let same = first.kind as u8 == second.kind as u8;
    let both = if same {
        <Text>::new().push(one.two)
    } else {
        <Text>::new().push(one.one).push(" and ").push(other.one)
    };
    let text = both
        .push(" share the name `")
        .push(second.name)
        .push("`: `")
        .push(first.source)
        .push("` and `")
        .push(second.source)
        .push("`; give one of them another: `#[")
        .push(other.attribute)
        .push("(name = \"..\", ..)]`");
    panic!("{}", text.as_str())
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
pub(crate) const fn refuse_projection(domain: &str, source: &str) -> ! {
    let text = <Text>::new()
        .push("the projection `")
        .push(source)
        .push("` applies no event of the domain `")
        .push(domain)
        .push("`; write `#[apply(Event)] impl ")
        .push(source)
        .push(" { .. }` with the events of one of the domain's aggregates");
    panic!("{}", text.as_str())
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
pub(crate) const fn refuse_inline_by(source: &str) -> ! {
    let text = <Text>::new()
        .push("the projection `")
        .push(source)
        .push("` is `inline` and its documents are picked by a field: an append can only change the document of its own \
               stream; leave `inline` or `by` out");
    panic!("{}", text.as_str())
}

#[allow(clippy::panic)]
pub(crate) const fn refuse_document_with_states(source: &str) -> ! {
    let text: Text = Text::new()
        .push("the documents `")
        .push(source)
        .push("` begin as their `Default` and take every event, so no method of theirs makes the first state or names a \
               state: write `fn name(&mut self, ..)`");
    panic!("{}", text.as_str())
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    fn refusal(followers: &[FollowerInfo]) -> String {
        let panic = catch_unwind(|| check_followers(followers)).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    }

    #[test]
    fn names_of_their_own_are_accepted() {
        const {
            check_followers(&[
                FollowerInfo::projection("balance", "Balance"),
                FollowerInfo::event_handler("statements", "Statements"),
                FollowerInfo::projection("", "Unknown"),
                FollowerInfo::event_handler("", "Unknown"),
            ]);
        }
    }

    #[test]
    fn both_sources_of_a_shared_name_are_told() {
        let (a, b) = (FollowerInfo::projection("a", "x::A"), FollowerInfo::projection("a", "y::A"));
        let (c, d) = (FollowerInfo::event_handler("a", "x::C"), FollowerInfo::event_handler("a", "y::C"));
        assert_eq!(
            refusal(&[a, b]),
            "two projections share the name `a`: `x::A` and `y::A`; give one of them another: \
             `#[projection(name = \"..\", ..)]`"
        );
        assert_eq!(
            refusal(&[c, d]),
            "two event handlers share the name `a`: `x::C` and `y::C`; give one of them another: \
             `#[event_handler(name = \"..\", ..)]`"
        );
        assert_eq!(
            refusal(&[a, c]),
            "a projection and an event handler share the name `a`: `x::A` and `x::C`; give one of them another: \
             `#[event_handler(name = \"..\", ..)]`"
        );
    }
}
