//! Who can read what whom has written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Change, Lock, LockEntry, LockKey, changes};

/// What a change from one lock to another means, for each event and saga.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CompatibilityReport {
    /// The events, by name.
    pub events: Vec<Compatibility>,
    /// The sagas, by name.
    pub sagas: Vec<Compatibility>,
}

/// What a change means for one event or saga.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Compatibility {
    /// Its name in the store.
    pub name: String,
    /// The version that the old code writes, where it knows it.
    pub old: Option<u16>,
    /// The version that the new code writes, where it knows it.
    pub new: Option<u16>,
    /// Whether the new code reads everything that the old code has written.
    pub backward: bool,
    /// Whether the old code reads everything that the new code writes.
    pub forward: bool,
    /// Why, and what else is different.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// Where in the shape; empty for the whole.
    pub path: String,
    /// What it is and what follows.
    pub sentence: String,
    /// Whether new code still reads, in spite of it, what old code has written.
    pub backward: bool,
    /// Whether old code still reads, in spite of it, what new code writes.
    pub forward: bool,
}

impl Compatibility {
    /// `full`, `backward`, `forward` or `none`.
    pub fn word(&self) -> &'static str {
        match (self.backward, self.forward) {
            (true, true) => "full",
            (true, false) => "backward",
            (false, true) => "forward",
            (false, false) => "none",
        }
    }

    fn new(name: &str, old: Option<u16>, new: Option<u16>) -> Self {
        Self { name: name.to_owned(), old, new, backward: true, forward: true, reasons: Vec::new() }
    }

    fn because(&mut self, backward: bool, forward: bool, path: &str, sentence: impl Into<String>) {
        self.backward &= backward;
        self.forward &= forward;
        self.reasons.push(Reason { path: path.to_owned(), sentence: sentence.into(), backward, forward });
    }

    fn because_of(&mut self, changes: Vec<Change>) {
        for change in changes {
            self.because(change.backward, change.forward, &change.path, change.sentence);
        }
    }
}

impl CompatibilityReport {
    /// Whether the new code reads everything that the old code has written.
    pub fn is_backward(&self) -> bool {
        self.events.iter().chain(&self.sagas).all(|found| found.backward)
    }

    /// Whether the old code reads everything that the new code writes.
    pub fn is_forward(&self) -> bool {
        self.events.iter().chain(&self.sagas).all(|found| found.forward)
    }

    /// `full`, `backward`, `forward` or `none`.
    pub fn word(&self) -> &'static str {
        let mut whole = Compatibility::new("", None, None);
        (whole.backward, whole.forward) = (self.is_backward(), self.is_forward());
        whole.word()
    }
}

/// What it means to go from the code of which `old` is the lock to that of which `new` is.
///
/// A version that stands in a lock is taken as readable by its code: the compiler has refused a gap in the chain of
/// upcasters. Snapshots do not count, as they are taken again.
pub fn compatibility(old: &Lock, new: &Lock) -> CompatibilityReport {
    let (old_events, new_events) = (by_name(old, true), by_name(new, true));
    let (old_sagas, new_sagas) = (by_name(old, false), by_name(new, false));
    CompatibilityReport {
        events: each(&old_events, &new_events, event),
        sagas: each(&old_sagas, &new_sagas, saga),
    }
}

fn each(
    old: &Named<'_>,
    new: &Named<'_>,
    judge: fn(&str, &Versions<'_>, &Versions<'_>) -> Compatibility,
) -> Vec<Compatibility> {
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let none = Versions::new();
    let judged = |name| judge(name, old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
    names.into_iter().map(judged).collect()
}

type Versions<'l> = BTreeMap<u16, &'l LockEntry>;
type Named<'l> = BTreeMap<&'l str, Versions<'l>>;

fn by_name(lock: &Lock, events: bool) -> Named<'_> {
    let mut named = Named::new();
    for (key, entry) in lock.iter() {
        match key {
            LockKey::Event { name, version } if events => {
                named.entry(name).or_default().insert(*version, entry);
            }
            LockKey::Saga { name, version } if !events => {
                named.entry(name).or_default().insert(*version, entry);
            }
            _ => {}
        }
    }
    named
}

fn newest<'l>(versions: &Versions<'l>) -> Option<(u16, &'l LockEntry)> {
    versions.last_key_value().map(|(version, entry)| (*version, *entry))
}

fn event(name: &str, old: &Versions<'_>, new: &Versions<'_>) -> Compatibility {
    let (before, now) = (newest(old), newest(new));
    let mut found = Compatibility::new(name, before.map(|it| it.0), now.map(|it| it.0));
    let (Some((old_version, before)), Some((new_version, now))) = (before, now) else {
        match now {
            Some((_, now)) if now.retired => {
                found.because(true, true, "", "the event is new and retired: nobody writes it");
            }
            Some(_) => found.because(true, false, "", "the event is new: old code does not know it"),
            None => {
                found.because(false, true, "", "the new code does not know the event, and it may be stored")
            }
        }
        return found;
    };
    for (version, locked) in old {
        match new.get(version) {
            None => found.because(
                false,
                true,
                "",
                format!("the new code has no v{version}, which the old code reads and may have written"),
            ),
            Some(now) => {
                if !locked.is_known() || !now.is_known() {
                    let sentence = format!("nobody has recorded the shape of v{version}: it is not compared");
                    found.because(true, true, "", sentence);
                    continue;
                }
                // Only the version that is written today is also read by those who have written it.
                let written = *version == new_version;
                let found_here = changes(&locked.shape, &now.shape);
                found.because_of(
                    found_here
                        .into_iter()
                        .map(|change| Change { forward: change.forward || !written, ..change })
                        .collect(),
                );
            }
        }
    }
    if new_version > old_version && now.retired {
        found.because(true, true, "", format!("v{new_version} is new and retired: nobody writes it"));
    } else if new_version > old_version {
        found.because(
            true,
            false,
            "",
            format!(
                "the new code writes v{new_version}, of which old code knows nothing beyond v{old_version}"
            ),
        );
        let known = before.is_known() && now.is_known();
        for change in known.then(|| changes(&before.shape, &now.shape)).into_iter().flatten() {
            let sentence = format!("from v{old_version} to v{new_version}: {}", change.sentence);
            // The upcasters are between.
            found.because(true, true, &change.path, sentence);
        }
    }
    if now.retired && !before.retired {
        found.because(true, true, "", "it is retired: only read, no longer written");
    }
    found
}

fn saga(name: &str, old: &Versions<'_>, new: &Versions<'_>) -> Compatibility {
    let (before, now) = (newest(old), newest(new));
    let mut found = Compatibility::new(name, before.map(|it| it.0), now.map(|it| it.0));
    let (Some((old_version, before)), Some((new_version, now))) = (before, now) else {
        match now {
            Some(_) => found.because(true, false, "", "the saga is new: old code parks its instances"),
            None => found.because(
                false,
                true,
                "",
                "the new code does not know the saga: its instances are parked",
            ),
        }
        return found;
    };
    if old_version == new_version {
        let same_steps = match (&before.steps, &now.steps) {
            (Some(before), Some(now)) => before == now,
            _ => true,
        };
        if !before.is_known() || !now.is_known() {
            found.because(true, true, "", "nobody has recorded its steps: they are not compared");
        } else if before.shape != now.shape || !same_steps {
            found.because(
                false,
                false,
                "",
                "the steps are others under the same version: instances are parked",
            );
            found.because_of(changes(&before.shape, &now.shape));
        }
        if let (Some(before), Some(now)) = (&before.data, &now.data)
            && before != now
        {
            found.because(true, true, "", "the data is other under the same version");
            found.because_of(changes(before, now));
        }
    } else if old_version < new_version {
        found.because(true, false, "", format!(
            "instances of v{old_version} go on as v{new_version} where the code says how to migrate them (`cargo gesta \
             plan` asks it); old code parks those of v{new_version}"
        ));
    } else {
        found.because(
            false,
            true,
            "",
            format!("the new code is older: it parks instances of v{old_version}"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_judged_with_its_upcasters() {
        for (old, new, word, part) in [
            ("a v1 {x:u8}", "a v1 {x:u8}", "full", ""),
            ("", "a v1 {x:u8}", "backward", "is new"),
            ("", "a v1 {x:u8} retired", "full", "nobody writes it"),
            ("a v1 {x:u8}", "", "forward", "does not know the event"),
            ("a v1 {x:u8}", "a v1 {x:u8} retired", "full", "is retired"),
            ("a v1 {x:u8}", "a v1 {x:u16}", "backward", "it was `u8` and is `u16`"),
            ("a v1 {x:u8}", "a v1 {x:u8,y:u8}", "forward", "new and required"),
            ("a v1 {x:u8}", "a v1 {x:u8,y?:u8}", "full", "may be missing"),
            ("a v1 {x:u8}", "a v1 {x:u8}\na v2 {y:u8}", "backward", "the new code writes v2"),
            ("a v1 unknown", "a v1 {x:u8}", "full", "nobody has recorded"),
            ("a v1 unknown", "a v1 {x:u8}\na v2 {y:u8}", "backward", "the new code writes v2"),
            ("a v1 {x:u8}\na v2 {y:u8}", "a v2 {y:u8}", "forward", "has no v1"),
            ("a v1 {x:u8}\na v2 {y:u8}", "a v1 {x:u8}", "forward", "has no v2"),
            // That old code reads v1 otherwise does not matter, as nobody writes v1 any more.
            ("a v1 {x:u8}\na v2 {y:u8}", "a v1 {x:u16}\na v2 {y:u8}", "full", "it was `u8`"),
            ("saga s v1 {a:u8}", "saga s v1 {a:u8}", "full", ""),
            ("saga s v1 {a:u8}", "saga s v1 {b:u8}", "none", "under the same version"),
            ("saga s v1 {} data:{b:u8}", "saga s v1 {} data:{c:u8}", "none", "the data is other"),
            ("saga s v1 {} data:{b:u8}", "saga s v1 {} data:{b:u16}", "backward", "it was `u8`"),
            ("saga s v1 {} data:{b:u8}", "saga s v1 {}", "full", ""),
            ("saga s v1 {a:u8}", "saga s v1 {a:u8}\nsaga s v2 {b:u8}", "backward", "how to migrate"),
            ("saga s v1 {a:u8}", "", "forward", "does not know the saga"),
            ("snapshot s {a:u8}", "snapshot s {b:u8}", "full", ""),
        ] {
            let report = compatibility(&old.parse().unwrap(), &new.parse().unwrap());
            assert_eq!(report.word(), word, "{old} -> {new}: {report:?}");
            let mut reasons = report.events.iter().chain(&report.sagas).flat_map(|found| &found.reasons);
            let said = reasons.any(|reason| reason.sentence.contains(part));
            assert!(said || part.is_empty(), "{old} -> {new}: {report:?}");
        }
    }
}
