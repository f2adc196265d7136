//! What a lock records against what the code says.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::{Change, Lock, LockEntry, LockKey, changes};

/// One thing in which a lock and the code are not the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The line, as it begins: `account.opened v1`.
    pub line: String,
    /// What is different.
    #[serde(flatten)]
    pub kind: DifferenceKind,
    #[serde(skip)]
    key: LockKey,
}

/// How a lock and the code can differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The code has it, the lock does not.
    New,
    /// Both have it, in different shapes.
    Changed {
        /// The shape in the lock.
        locked: String,
        /// The shape in the code.
        now: String,
        /// What is different between the two.
        changes: Vec<Change>,
    },
    /// The steps of a saga are of other kinds.
    OtherSteps {
        /// In the lock.
        locked: String,
        /// In the code.
        now: String,
    },
    /// The data of a saga is of another shape.
    OtherData {
        /// The shape in the lock.
        locked: String,
        /// The shape in the code.
        now: String,
        /// What is different between the two.
        changes: Vec<Change>,
    },
    /// The lock does not say yet what the data of a saga looks like.
    NewData {
        /// The shape in the code.
        now: String,
    },
    /// The lock has it, the code does not.
    Missing,
    /// The code has retired it, the lock does not say so yet.
    Retired,
    /// The lock has retired it, and the code writes it.
    WrittenAgain,
    /// The state of a snapshot has another shape. Old snapshots are taken again, so the line may follow the code.
    Stale {
        /// The shape in the code.
        now: String,
    },
}

/// What became of a lock when the code was merged into it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Merged {
    /// What was done.
    pub done: Vec<Difference>,
    /// What was not done, because a recorded line would not be true any more.
    pub refused: Vec<Difference>,
}

impl Difference {
    /// What it is about.
    pub fn key(&self) -> &LockKey {
        &self.key
    }

    /// Whether writing it down breaks no promise.
    pub fn can_be_recorded(&self) -> bool {
        use DifferenceKind as Kind;
        matches!(self.kind, Kind::New | Kind::NewData { .. } | Kind::Retired | Kind::Stale { .. })
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match (&self.kind, &self.key) {
            (
                DifferenceKind::New
                | DifferenceKind::NewData { .. }
                | DifferenceKind::Retired
                | DifferenceKind::Stale { .. },
                _,
            ) => "run `cargo gesta lock` and commit the file",
            (DifferenceKind::Changed { .. }, LockKey::Saga { .. })
            | (DifferenceKind::OtherSteps { .. } | DifferenceKind::OtherData { .. }, _) => {
                "give the saga the next version and say how to migrate to it, or undo the change"
            }
            (DifferenceKind::Changed { .. }, _) => {
                "keep the old shape as a struct and write #[event(version = .., from(.., Old))], or undo the change"
            }
            (DifferenceKind::Missing, LockKey::Saga { .. }) => {
                "bring the saga back, or write `retired` behind its line once no instance of it is left"
            }
            (DifferenceKind::Missing, _) => {
                "bring it back with #[event(retired)], as it may be stored; write `retired` behind the line if nothing of it is"
            }
            (DifferenceKind::WrittenAgain, _) => "give what is written now another name",
        }
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        match &self.kind {
            DifferenceKind::New => f.write_str("not in gesta.lock"),
            DifferenceKind::Changed { locked, now, changes }
            | DifferenceKind::OtherData { locked, now, changes } => {
                let what =
                    if matches!(self.kind, DifferenceKind::OtherData { .. }) { "the data is " } else { "" };
                write!(f, "{what}recorded as {locked}, and is {now}")?;
                for change in changes {
                    let path = if change.path.is_empty() { "the whole" } else { &change.path };
                    write!(f, "\n    {path}: {}", change.sentence)?;
                }
                Ok(())
            }
            DifferenceKind::OtherSteps { locked, now } => {
                write!(f, "the steps are recorded as {locked}, and are {now}")
            }
            DifferenceKind::NewData { now } => write!(f, "the data is {now}, which is not in gesta.lock"),
            DifferenceKind::Missing => f.write_str("in gesta.lock, and not in the code"),
            DifferenceKind::Retired => f.write_str("retired in the code, and not in gesta.lock"),
            DifferenceKind::WrittenAgain => f.write_str("retired in gesta.lock, and written by the code"),
            DifferenceKind::Stale { now } => write!(f, "the state is {now} now"),
        }
    }
}

impl Lock {
    /// Everything in which this lock and `code`, which is what the code says, differ.
    pub fn differences(&self, code: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut push = |key: &LockKey, kind| {
            found.push(Difference { line: key.to_string(), kind, key: key.clone() });
        };
        for (key, now) in &code.entries {
            match self.entries.get(key) {
                None if self.has_retired(key) && !now.retired => push(key, DifferenceKind::WrittenAgain),
                None => push(key, DifferenceKind::New),
                Some(locked) => compare(key, locked, now).into_iter().for_each(|kind| push(key, kind)),
            }
        }
        for (key, locked) in &self.entries {
            let gone = !code.entries.contains_key(key) && !locked.retired && !code.has_later(key);
            if gone {
                push(key, DifferenceKind::Missing);
            }
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found
    }

    /// Records what the code says. No line goes away, and none that is about stored payloads changes its shape: what
    /// would need that is refused.
    pub fn merge(&mut self, code: &Self) -> Merged {
        let mut merged = Merged::default();
        for difference in self.differences(code) {
            if !difference.can_be_recorded() {
                merged.refused.push(difference);
                continue;
            }
            let Some(now) = code.entries.get(&difference.key) else { continue };
            let entry = self.entries.entry(difference.key.clone()).or_insert_with(|| now.clone());
            match difference.kind {
                DifferenceKind::Retired => entry.retired = true,
                DifferenceKind::NewData { .. } => entry.data.clone_from(&now.data),
                _ => entry.shape = now.shape.clone(),
            }
            merged.done.push(difference);
        }
        // A line written by hand may leave out what the steps are.
        for (key, entry) in &mut self.entries {
            if let Some(now) = code.entries.get(key)
                && entry.steps.is_none()
                && entry.shape == now.shape
            {
                entry.steps.clone_from(&now.steps);
            }
        }
        merged
    }

    fn has_retired(&self, key: &LockKey) -> bool {
        self.entries.iter().any(|(other, entry)| other.is_of_same(key) && entry.retired)
    }

    /// Instances of an earlier version of a saga go on by its migration, which the code has instead of the version.
    fn has_later(&self, key: &LockKey) -> bool {
        matches!(key, LockKey::Saga { .. })
            && self.entries.keys().any(|other| other.is_of_same(key) && other.version() > key.version())
    }
}

fn compare(key: &LockKey, locked: &LockEntry, now: &LockEntry) -> Vec<DifferenceKind> {
    let mut found = Vec::new();
    let other_shape = locked.shape != now.shape;
    match key {
        LockKey::Snapshot { .. } if other_shape => {
            found.push(DifferenceKind::Stale { now: now.shape.to_string() });
        }
        _ if other_shape => found.push(DifferenceKind::Changed {
            locked: locked.shape.to_string(),
            now: now.shape.to_string(),
            changes: changes(&locked.shape, &now.shape),
        }),
        _ => {}
    }
    if let (Some(locked), Some(now)) = (&locked.steps, &now.steps)
        && locked != now
        && !other_shape
    {
        found.push(DifferenceKind::OtherSteps { locked: locked.clone(), now: now.clone() });
    }
    match (&locked.data, &now.data) {
        (Some(locked), Some(now)) if locked != now => found.push(DifferenceKind::OtherData {
            locked: locked.to_string(),
            now: now.to_string(),
            changes: changes(locked, now),
        }),
        (None, Some(now)) => found.push(DifferenceKind::NewData { now: now.to_string() }),
        // That the code does not say any more what the data looks like makes the line no less true.
        _ => {}
    }
    match (locked.retired, now.retired) {
        (false, true) => found.push(DifferenceKind::Retired),
        (true, false) => found.push(DifferenceKind::WrittenAgain),
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(text: &str) -> Lock {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_new_is_added_and_nothing_goes_away() {
        let mut file = lock("a v1 {x:u8}\ngone v1 {} retired\nsnapshot s {a:u8}\nsaga t v1 {one:u8}\n");
        let code = lock(
            "a v1 {x:u8}\na v2 {x:u16}\nb v1 {} retired\nsnapshot s {b:u8}\nsaga t v2 {two:u8} command+pivot\n",
        );
        let merged = file.merge(&code);
        assert!(merged.refused.is_empty(), "{merged:?}");
        let lines: Vec<_> = merged.done.iter().map(|done| done.line.as_str()).collect();
        assert_eq!(lines, ["a v2", "b v1", "saga t v2", "snapshot s"]);
        let expected = "a v1 {x:u8}\na v2 {x:u16}\nb v1 {} retired\ngone v1 {} retired\n\
                        saga t v1 {one:u8}\nsaga t v2 {two:u8} command+pivot\nsnapshot s {b:u8}\n";
        assert!(file.to_string().ends_with(expected), "{file}");
        assert_eq!(file.differences(&code), []);
        assert_eq!(file.merge(&code), Merged::default());
    }

    #[test]
    fn the_data_of_a_saga_is_recorded_where_it_is_known() {
        let mut file = lock("saga s v1 {one:u8}\nsaga t v1 {} data:{a:u8}\nsaga u v1 {} data:{a:u8}\n");
        let code = lock("saga s v1 {one:u8} data:{a:u8}\nsaga t v1 {}\nsaga u v1 {} data:{b:u8}\n");
        let merged = file.merge(&code);
        assert_eq!(
            merged.done.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["saga s v1: the data is {a:u8}, which is not in gesta.lock"]
        );
        let refused: Vec<_> = merged.refused.iter().map(ToString::to_string).collect();
        assert!(
            refused.len() == 1
                && refused[0].starts_with("saga u v1: the data is recorded as {a:u8}, and is {b:u8}")
        );
        let lines = "saga s v1 {one:u8} data:{a:u8}\nsaga t v1 {} data:{a:u8}\nsaga u v1 {} data:{a:u8}\n";
        assert_eq!(file, lock(lines));
    }

    #[test]
    fn what_would_make_a_line_untrue_is_refused() {
        let text = "a v1 {x:u8}\nb v1 {} retired\nc v1 {}\nd v1 {}\nsaga s v1 {one:u8} command+pivot\n";
        let code = lock("a v1 {x:u16}\nb v2 {}\nd v1 {} retired\nsaga s v1 {one:u8} foreign+pivot\n");
        let mut file = lock(text);
        let merged = file.merge(&code);
        let refused: Vec<_> = merged.refused.iter().map(ToString::to_string).collect();
        assert_eq!(
            refused,
            [
                "a v1: recorded as {x:u8}, and is {x:u16}\n    x: it was `u8` and is `u16`: old code does not read all of it",
                "b v2: retired in gesta.lock, and written by the code",
                "c v1: in gesta.lock, and not in the code",
                "saga s v1: the steps are recorded as command+pivot, and are foreign+pivot",
            ]
        );
        assert!(merged.refused.iter().all(|refused| !refused.remedy().is_empty()));
        assert_eq!(merged.done.len(), 1);
        assert_eq!(file, lock(&text.replace("d v1 {}", "d v1 {} retired")));
    }
}
