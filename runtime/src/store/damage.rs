//! What can be wrong with a store, and what can be done about it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{codec::decode_meta, domain::Position};

/// A part of a store that is looked over by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The streams: their versions, their order, and where they end.
    Streams,
    /// The events, one by one.
    Events,
    /// The idempotency keys.
    Keys,
    /// The snapshots.
    Snapshots,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Streams, Self::Events, Self::Keys, Self::Snapshots];

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::Events => "events",
            Self::Keys => "keys",
            Self::Snapshots => "snapshots",
        }
    }
}

/// What was found when a part was looked over, up to a place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LookedOver {
    /// How many rows were looked at.
    pub looked_at: u64,
    /// What is wrong with them.
    pub damages: Vec<Damage>,
    /// Where to go on, in words of the store; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Damage {
    /// What kind of thing.
    pub kind: DamageKind,
    /// What it is about: a stream, a key, a subscription.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// How it can be made right, where that follows from what there is.
    pub repair: Option<Repair>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.kind.name(), self.subject, self.found)
    }
}

/// A kind of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DamageKind {
    /// Versions of a stream are missing.
    Gap,
    /// A version of a stream is there more than once.
    Twice,
    /// Events of a stream do not stand in the log in the order of their versions.
    Disorder,
    /// What is kept about the end or the beginning of a stream is not what its events say.
    WrongHead,
    /// A stream has another key than its name.
    WrongName,
    /// Events have a stream, or a type, of which nobody knows the name.
    Nameless,
    /// Positions of the log are missing, where there are never any missing.
    MissingPosition,
    /// A payload is not JSON.
    BadPayload,
    /// The code of the domain cannot read an event.
    Unreadable,
    /// Metadata cannot be read.
    BadMeta,
    /// A key names an event that is not there.
    WrongKey,
    /// A snapshot is not of an event that is there, or not JSON.
    WrongSnapshot,
    /// The code of the domain cannot read a snapshot of its own shape.
    UnreadableSnapshot,
    /// A subscription is beyond the end of the log.
    Ahead,
    /// A delivery is of an event that is not there.
    LostDelivery,
    /// How an instance of a saga stands is not what its events say.
    WrongSaga,
}

impl DamageKind {
    /// Its name for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Twice => "twice",
            Self::Disorder => "disorder",
            Self::WrongHead => "wrong-head",
            Self::WrongName => "wrong-name",
            Self::Nameless => "nameless",
            Self::MissingPosition => "missing-position",
            Self::BadPayload => "bad-payload",
            Self::Unreadable => "unreadable",
            Self::BadMeta => "bad-meta",
            Self::WrongKey => "wrong-key",
            Self::WrongSnapshot => "wrong-snapshot",
            Self::UnreadableSnapshot => "unreadable-snapshot",
            Self::Ahead => "ahead",
            Self::LostDelivery => "lost-delivery",
            Self::WrongSaga => "wrong-saga",
        }
    }

    /// What it means for those who use the store.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Gap => "events were lost, so the state that is folded from the stream is wrong",
            Self::Twice => "somebody has written past the store; readers may see either event, or both",
            Self::Disorder => {
                "followers of the log see the events of the stream in another order than its readers"
            }
            Self::WrongHead => "commands on the stream fail, or leave a gap",
            Self::WrongName => "commands do not find the stream by its name, and would begin it anew",
            Self::Nameless => "followers of the log skip the events, or stop at them",
            Self::MissingPosition => "events were lost, whole streams perhaps",
            Self::BadPayload => "whoever reads the event fails",
            Self::Unreadable => {
                "commands, projections and handlers of this version of the domain fail at the event"
            }
            Self::BadMeta => "who has caused the event, and what it belongs to, cannot be told",
            Self::WrongKey => "a command that is repeated is told of an event that is not there",
            Self::WrongSnapshot => "commands on the stream may be decided on a state that never was",
            Self::UnreadableSnapshot => {
                "each command on the stream that finds no state in memory replays all of its events"
            }
            Self::Ahead => "the next events are not delivered: the log was set back behind it",
            Self::LostDelivery => "it can never be delivered, and holds up what waits behind it",
            Self::WrongSaga => "it does not go on, or is looked at in vain",
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Gap | Self::MissingPosition | Self::Twice | Self::Disorder => {
                "restore the store from a backup; events are never made up"
            }
            Self::BadPayload | Self::BadMeta | Self::Nameless | Self::WrongName => {
                "restore it from a backup, or correct it by hand with a copy at hand; events are never touched here"
            }
            Self::Unreadable => {
                "declare the version of its shape with an upcaster, or run the version of the domain that wrote it"
            }
            Self::WrongHead => "it follows from the events: `gesta verify --repair`",
            Self::WrongKey => {
                "where the event is elsewhere, `gesta verify --repair`; otherwise restore a backup"
            }
            Self::WrongSnapshot => "it is a shortcut that can be removed: `gesta verify --repair`",
            Self::UnreadableSnapshot => {
                "it is a shortcut that can be removed: `gesta verify --decode --repair`"
            }
            Self::Ahead => "see what its handler has done, and set it back: `gesta subscriptions reset`",
            Self::LostDelivery => "give it up: `gesta dead-letters discard`",
            Self::WrongSaga => "look at it: `gesta sagas timeline`",
        }
    }
}

/// How something can be made right that follows from the events. Each says what is there before, and is made only if that
/// still is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
#[non_exhaustive]
pub enum Repair {
    /// Where a stream ends.
    Head {
        /// The stream's key.
        stream: Uuid,
        /// The version that is kept.
        from: u64,
        /// That of its last event.
        to: u64,
    },
    /// Where a stream begins.
    Base {
        /// The stream's key.
        stream: Uuid,
        /// The position that is kept: its events are looked for behind it.
        from: u64,
        /// One before its first event.
        to: u64,
    },
    /// Where the event of a key stands.
    Key {
        /// The key, as the store keeps it.
        key: String,
        /// The position that is kept.
        from: u64,
        /// That of the event.
        to: u64,
    },
    /// A snapshot is removed.
    Snapshot {
        /// The stream's key.
        stream: Uuid,
        /// The version of the snapshot.
        version: u64,
        /// Its position.
        position: u64,
        /// The fingerprint of its shape.
        fingerprint: u64,
        /// The state, as hexadecimal digits.
        state: String,
    },
}

impl Repair {
    /// That a snapshot is removed, which is there as this.
    pub(crate) fn snapshot(
        stream: Uuid,
        version: u64,
        position: u64,
        fingerprint: u64,
        state: &[u8],
    ) -> Self {
        let state = state.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::Snapshot { stream, version, position, fingerprint, state }
    }
}

/// How a stream is kept, and what its events say.
#[derive(Debug)]
pub(crate) struct StreamFacts {
    pub(crate) key: Uuid,
    pub(crate) category: String,
    pub(crate) id: String,
    /// The version that is kept for it, and the position behind which its events are looked for; where such are kept.
    pub(crate) head: Option<(u64, u64)>,
    pub(crate) events: u64,
    pub(crate) first_position: u64,
    pub(crate) last_version: u64,
    /// How many events stand before the one before them.
    pub(crate) disordered: u64,
}

impl StreamFacts {
    /// Its name for people.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.category, self.id)
    }

    /// Whether its versions have to be looked at one by one.
    pub(crate) fn has_odd_versions(&self) -> bool {
        self.events != self.last_version
    }

    /// What can be told without looking at its events one by one.
    pub(crate) fn damages(&self) -> Vec<Damage> {
        let damage = |kind, found, repair| Damage { kind, subject: self.name(), found, repair };
        let mut damages = Vec::new();
        let named = super::StreamId::new(&self.category, &self.id);
        if named.key() != self.key {
            let found = format!("its key is {}, and that of its name {}", self.key, named.key());
            damages.push(damage(DamageKind::WrongName, found, None));
        }
        let Some((version, base)) = self.head else { return damages };
        if version != self.last_version {
            let found = match self.events {
                0 => format!("its head says version {version}, and it has no events"),
                _ => format!("its head says version {version}, and its last event is {}", self.last_version),
            };
            // Without any event nothing follows.
            let repair = Repair::Head { stream: self.key, from: version, to: self.last_version };
            damages.push(damage(DamageKind::WrongHead, found, (self.events > 0).then_some(repair)));
        }
        if self.events > 0 && base >= self.first_position {
            let found = format!(
                "its events are looked for behind position {base}, and the first is at {}",
                self.first_position
            );
            let to = self.first_position.saturating_sub(1);
            let repair = Some(Repair::Base { stream: self.key, from: base, to });
            damages.push(damage(DamageKind::WrongHead, found, repair));
        }
        damages
    }
}

/// Versions that are missing, the first and the last of them.
pub(crate) fn gap(stream: &str, first: u64, last: u64) -> Damage {
    let found = if first == last {
        format!("version {first} is missing")
    } else {
        format!("versions {first} to {last} are missing")
    };
    Damage { kind: DamageKind::Gap, subject: stream.to_owned(), found, repair: None }
}

/// A version that is there so often.
pub(crate) fn twice(stream: &str, version: u64, times: u64) -> Damage {
    let found = format!("version {version} is there {times} times");
    Damage { kind: DamageKind::Twice, subject: stream.to_owned(), found, repair: None }
}

/// An event that stands before the one before it.
pub(crate) fn disorder(stream: &str, version: u64, position: u64) -> Damage {
    let found =
        format!("version {version}, at position {position}, stands in the log before the version before it");
    Damage { kind: DamageKind::Disorder, subject: stream.to_owned(), found, repair: None }
}

/// Positions that are missing in a log that has no gaps.
pub(crate) fn missing(first: u64, last: u64) -> Damage {
    let found =
        if first == last { format!("position {first}") } else { format!("positions {first} to {last}") };
    let subject = "the log".to_owned();
    Damage { kind: DamageKind::MissingPosition, subject, found: format!("{found} missing"), repair: None }
}

/// What is wrong with an event by itself.
pub(crate) fn of_event(
    position: Position,
    stream: Option<(&str, &str)>,
    version: u64,
    name: Option<&str>,
    meta: &[u8],
    payload: &[u8],
) -> Vec<Damage> {
    let of = |kind, found: String| Damage {
        kind,
        subject: match stream {
            Some((category, id)) => format!("{category}/{id}"),
            None => "a stream without a name".to_owned(),
        },
        found: format!("version {version} at position {position}: {found}"),
        repair: None,
    };
    let mut damages = Vec::new();
    if stream.is_none() {
        damages.push(of(DamageKind::Nameless, "its stream is not in the table of streams".to_owned()));
    }
    if name.is_none() {
        damages.push(of(DamageKind::Nameless, "its type is not in the table of types".to_owned()));
    }
    let name = name.unwrap_or("event");
    if let Err(error) = serde_json::from_slice::<&RawValue>(payload) {
        damages.push(of(DamageKind::BadPayload, format!("the payload of `{name}` is not JSON: {error}")));
    }
    if let Err(error) = decode_meta(meta) {
        damages.push(of(DamageKind::BadMeta, format!("the metadata of `{name}` is not readable: {error}")));
    }
    damages
}

/// What a key says, and where its event stands.
#[derive(Debug)]
pub(crate) struct KeyFacts {
    /// As the store keeps it, and for people.
    pub(crate) key: String,
    pub(crate) text: String,
    pub(crate) stream: Option<String>,
    pub(crate) version: u64,
    pub(crate) position: u64,
    /// Where the event of that stream and version stands.
    pub(crate) actual: Option<u64>,
}

impl KeyFacts {
    /// What is wrong with it, if it is of events.
    pub(crate) fn damage(&self) -> Option<Damage> {
        if self.actual == Some(self.position) {
            return None;
        }
        let Self { version, position, .. } = self;
        let stream = self.stream.as_deref().unwrap_or("a stream without a name");
        let found = match self.actual {
            Some(actual) => {
                format!("it says {stream} version {version} at {position}, which stands at {actual}")
            }
            None => format!("it says {stream} version {version} at {position}, and there is no such event"),
        };
        let repair = |to| Repair::Key { key: self.key.clone(), from: self.position, to };
        let subject = format!("key `{}`", self.text);
        Some(Damage { kind: DamageKind::WrongKey, subject, found, repair: self.actual.map(repair) })
    }
}

/// A snapshot, and the events of its stream.
#[derive(Debug)]
pub(crate) struct SnapshotFacts {
    pub(crate) key: Uuid,
    pub(crate) stream: Option<String>,
    pub(crate) version: u64,
    pub(crate) position: u64,
    pub(crate) fingerprint: u64,
    pub(crate) state: Vec<u8>,
    /// Where the event of its version stands.
    pub(crate) actual: Option<u64>,
}

impl SnapshotFacts {
    /// What is wrong with it.
    pub(crate) fn damage(self) -> Option<Damage> {
        let Self { version, position, .. } = self;
        let found = match self.actual {
            None => format!("its snapshot is of version {version}, which is not there"),
            Some(actual) if actual != position => {
                format!(
                    "its snapshot is of version {version} at position {position}, which stands at {actual}"
                )
            }
            Some(_) => match serde_json::from_slice::<&RawValue>(&self.state) {
                Ok(_) => return None,
                Err(error) => format!("its snapshot of version {version} is not JSON: {error}"),
            },
        };
        let repair = Some(Repair::snapshot(self.key, version, position, self.fingerprint, &self.state));
        let subject = self.stream.unwrap_or_else(|| format!("the stream with the key {}", self.key));
        Some(Damage { kind: DamageKind::WrongSnapshot, subject, found, repair })
    }
}
