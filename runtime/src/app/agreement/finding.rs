use std::fmt;

use crate::domain::Timestamp;

/// One thing in which a program and a store do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The store holds events that the program cannot read.
    Unreadable {
        /// What they are.
        event: StoredEvent,
        /// How many there are.
        rows: Rows,
        /// The newest version that the program reads; `None` where it has no event of this name.
        reads: Option<u16>,
        /// The release that has recorded them first, if any has.
        release: Option<String>,
    },
    /// A version has another shape than the one that was recorded for it.
    Reshaped {
        /// What it is.
        event: StoredEvent,
        /// How many there are.
        rows: Rows,
        /// The shape that was recorded.
        recorded: String,
        /// The shape that the program has.
        present: String,
        /// The release that has recorded it.
        release: String,
        /// When that was.
        recorded_at: Timestamp,
    },
    /// A running program cannot read what the program would write.
    UnreadByOthers {
        /// What it would write.
        event: StoredEvent,
        /// The newest version that the others read; `None` where they have no event of this name.
        read: Option<u16>,
        /// Who they are.
        others: Others,
    },
    /// A running program writes what the program cannot read.
    WrittenByOthers {
        /// What they write.
        event: StoredEvent,
        /// The newest version that the program reads; `None` where it has no event of this name.
        reads: Option<u16>,
        /// Who they are.
        others: Others,
    },
}

/// A version of a type of event, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct StoredEvent {
    /// The category of its streams.
    pub category: String,
    /// Its name.
    pub name: String,
    /// The version of its payload.
    pub version: u16,
}

/// How many events were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rows {
    /// So many.
    pub found: u64,
    /// Whether it was looked at all events that could be meant. In a long log only the newest are looked at.
    pub all: bool,
}

/// Processes that run one release of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Others {
    /// What people call the program.
    pub release: String,
    /// The name of its domain.
    pub domain: String,
    /// The numbers of the processes, each on its machine.
    pub processes: Vec<u32>,
    /// When the last of them is believed to be gone, if none of them is heard of any more.
    pub good_until: Timestamp,
}

impl fmt::Display for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` version {} (streams `{}/..`)", self.name, self.version, self.category)
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.found, self.all) {
            (1, true) => f.write_str("1 row"),
            (found, true) => write!(f, "{found} rows"),
            (0, false) => f.write_str("rows that were not counted, because the log is long"),
            (found, false) => write!(f, "at least {found} rows"),
        }
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { release, domain, processes, good_until } = self;
        match release.as_str() {
            "" => write!(f, "the domain `{domain}`")?,
            release => f.write_str(release)?,
        }
        let word = if processes.len() == 1 { "process" } else { "processes" };
        let processes: Vec<String> = processes.iter().map(u32::to_string).collect();
        write!(f, " ({word} {}, believed to run until {good_until} at least)", processes.join(", "))
    }
}

/// What can be read of an event.
pub(super) struct Reads(pub(super) Option<u16>);

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(version) => write!(f, "read up to version {version}"),
            None => f.write_str("not known"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { event, rows, reads, release } => {
                write!(f, "{event}, {rows}: {} by this program", Reads(*reads))?;
                match release {
                    Some(release) => write!(f, "; {release} was the first to have it"),
                    None => Ok(()),
                }
            }
            Self::Reshaped { event, rows, recorded, present, release, recorded_at } => write!(
                f,
                "{event}, {rows}\n      recorded: {recorded} (by {release} at {recorded_at})\n           now: {present}"
            ),
            Self::UnreadByOthers { event, read, others } => {
                write!(f, "{event}: {} by {others}", Reads(*read))
            }
            Self::WrittenByOthers { event, reads, others } => {
                write!(f, "{event}, written by {others}: {} by this program", Reads(*reads))
            }
        }
    }
}
