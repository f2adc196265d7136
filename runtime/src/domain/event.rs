use super::{Aggregate, Shape};
use crate::codec::{DecodeError, EncodeError};

/// The events of an aggregate: an enum with one variant per fact. `#[event]` writes this.
///
/// Indices are those of [`Event::TYPES`]. The payload is the JSON of the variant's fields alone; name and
/// version stand beside it in the store.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "write `#[event]` on the enum that lists the facts"
)]
pub trait Event: Sized + Send + Sync + 'static {
    /// The types of event in this enum, in the order of its variants.
    const TYPES: &'static [EventType];

    /// Which of [`Event::TYPES`] this event is.
    fn index(&self) -> usize;

    /// Appends the payload of this event to `out`.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Reads an event of type `TYPES[index]`, stored at `version`, upcasting older versions to today's.
    ///
    /// # Errors
    /// When the payload is not what that version says, or the version is not known.
    fn decode(index: usize, version: u16, payload: &[u8]) -> Result<Self, DecodeError>;
}

/// What is known of one type of event before any is stored.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EventType {
    /// The name in the store, such as `account.opened`.
    pub name: &'static str,
    /// The name in the source, such as `AccountEvent::Opened`.
    pub source: &'static str,
    /// The version that is written today; 1 for the first.
    pub version: u16,
    /// The shape of the payload at that version.
    pub shape: &'static Shape,
    /// The versions before that one which can still be read, oldest first.
    pub older: &'static [OldVersion],
    /// What is said of it in the source; empty where nothing is.
    pub doc: &'static str,
    /// Whether it is only read and no longer written.
    pub retired: bool,
    /// The package in whose source it is; empty where that is not known.
    pub package: &'static str,
}

impl EventType {
    /// Describes a type of event of which no version came before.
    pub const fn new(name: &'static str, source: &'static str, version: u16, shape: &'static Shape) -> Self {
        Self { name, source, version, shape, older: &[], doc: "", retired: false, package: "" }
    }

    /// The same with the versions before, oldest first.
    pub const fn with_older(mut self, older: &'static [OldVersion]) -> Self {
        self.older = older;
        self
    }

    /// The same with what is said of it in the source.
    pub const fn with_doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// The same, only read and no longer written.
    pub const fn retired(mut self) -> Self {
        self.retired = true;
        self
    }

    /// The same in the source of this package.
    pub const fn in_package(mut self, package: &'static str) -> Self {
        self.package = package;
        self
    }
}

/// A version of a type of event that is no longer written and can still be read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OldVersion {
    /// The version; 1 for the first.
    pub version: u16,
    /// The shape of the payload at that version.
    pub shape: &'static Shape,
}

impl OldVersion {
    /// Describes an older version.
    pub const fn new(version: u16, shape: &'static Shape) -> Self {
        Self { version, shape }
    }
}

/// Whose events these are. `#[aggregate(event = ..)]` writes this.
///
/// That they are an [`Event`] is asked for once, by [`Aggregate::Event`]: forgotten, it is one mistake.
#[diagnostic::on_unimplemented(
    message = "no aggregate records `{Self}`",
    label = "no `#[aggregate(event = {Self}, ..)]` names it"
)]
pub trait EventOf: Sized {
    /// The aggregate that records these events.
    type Aggregate: Aggregate<Event = Self>;
}

/// One link in the chain of upcasters: how the payload of one version becomes the next.
///
/// Implemented for everything that is `From<Old>`; exists so that a gap is reported in the words of events.
#[diagnostic::on_unimplemented(
    message = "the upcaster chain is broken: `{Old}` cannot become `{Self}`",
    label = "no way to turn a stored `{Old}` into this",
    note = "write `impl From<{Old}> for {Self}`"
)]
pub trait UpcastFrom<Old>: Sized {
    /// Turns an older payload into this.
    fn upcast_from(old: Old) -> Self;
}

#[diagnostic::do_not_recommend]
impl<Old, New: From<Old>> UpcastFrom<Old> for New {
    fn upcast_from(old: Old) -> Self {
        old.into()
    }
}
