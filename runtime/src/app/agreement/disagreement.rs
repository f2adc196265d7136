use std::fmt;

use super::Finding;

/// That a program and a store do not agree: all that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disagreement {
    /// What people call the program.
    pub release: String,
    /// The name of its domain.
    pub domain: String,
    /// What was found; at least one thing.
    pub findings: Vec<Finding>,
}

/// What is said of all findings of one kind: what they are, and what to do.
struct Section {
    title: &'static str,
    remedy: &'static str,
    is_of: fn(&Finding) -> bool,
}

const SECTIONS: [Section; 4] = [
    Section {
        title: "the store holds events that this program cannot read",
        remedy: "start the release that has written them, or a newer one; where this is the newer one, an event that was \
                 renamed keeps its name in the store with `#[event(name = \"..\")]`, and one that is written no more \
                 stays in the enum with `#[event(retired)]`",
        is_of: |finding| matches!(finding, Finding::Unreadable { .. }),
    },
    Section {
        title: "the shape of a version is not the one that was recorded for it",
        remedy: "put the shape back as it was, or keep the old payload as a struct and write the next version, \
                 `#[event(version = .., from(..))]`",
        is_of: |finding| matches!(finding, Finding::Reshaped { .. }),
    },
    Section {
        title: "this program writes what running programs cannot read",
        remedy: "stop those programs before this one is started; one that ended without a word is believed to run for as \
                 long as its lease. To go without a pause, release an event as `#[event(retired)]` first, which reads it \
                 and writes none, and without the mark when no older program runs any more",
        is_of: |finding| matches!(finding, Finding::UnreadByOthers { .. }),
    },
    Section {
        title: "running programs write what this one cannot read",
        remedy: "start the release that runs, or stop those programs before this one is started",
        is_of: |finding| matches!(finding, Finding::WrittenByOthers { .. }),
    },
];

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { release, domain, findings } = self;
        match release.as_str() {
            "" => write!(f, "the domain `{domain}` and the store do not agree")?,
            release => write!(f, "{release} (the domain `{domain}`) and the store do not agree")?,
        }
        for Section { title, remedy, is_of } in SECTIONS {
            let mut findings = findings.iter().filter(|finding| is_of(finding)).peekable();
            if findings.peek().is_none() {
                continue;
            }
            write!(f, "\n  {title}:")?;
            findings.try_for_each(|finding| write!(f, "\n    {finding}"))?;
            write!(f, "\n    what to do: {remedy}")?;
        }
        f.write_str(
            "\n  `.allow_older()` starts it all the same; whoever then meets what it cannot read fails there",
        )
    }
}

impl std::error::Error for Disagreement {}
