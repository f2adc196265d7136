//! The text of a `gesta.lock`.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use super::{Lock, LockEntry, LockKey, OwnedShape, lock::LockKey as Key, read::Reader};

/// A text that is no `gesta.lock`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
#[non_exhaustive]
pub struct LockError {
    /// The line, from 1.
    pub line: usize,
    /// The number of the character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// What stands at the top of every file that is written.
const HEADER: [&str; 3] = [
    "What was ever released of the events, sagas and snapshots of this package: commit this file.",
    "`cargo gesta lock` adds lines and never changes one; the macros of gesta compare the code with it.",
    "",
];

/// Sorted, one line for each entry, with comments where they were.
impl Display for Lock {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for line in &HEADER[..2] {
            writeln!(f, "# {line}")?;
        }
        writeln!(f)?;
        for (key, entry) in &self.entries {
            for comment in &entry.comments {
                writeln!(f, "#{comment}")?;
            }
            write!(f, "{key} {}", entry.shape)?;
            if let Some(steps) = &entry.steps {
                write!(f, " {steps}")?;
            }
            if let Some(data) = &entry.data {
                write!(f, " data:{data}")?;
            }
            writeln!(f, "{}", if entry.retired { " retired" } else { "" })?;
        }
        for comment in &self.last_comments {
            writeln!(f, "#{comment}")?;
        }
        Ok(())
    }
}

impl FromStr for Lock {
    type Err = LockError;

    fn from_str(text: &str) -> Result<Self, LockError> {
        let mut lock = Self::default();
        let mut comments = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            if let Some(comment) = line.strip_prefix('#') {
                if !HEADER.contains(&comment.trim()) {
                    comments.push(comment.trim_end().to_owned());
                }
                continue;
            }
            let at = |(column, message)| LockError { line: number + 1, column, message };
            let (key, mut entry) = read_line(line).map_err(at)?;
            if lock.entries.contains_key(&key) {
                return Err(at((1, format!("`{key}` stands in the file twice"))));
            }
            entry.comments = std::mem::take(&mut comments);
            lock.entries.insert(key, entry);
        }
        lock.last_comments = comments;
        Ok(lock)
    }
}

/// What stands before the shape of a saga's data.
const DATA: &str = "data:";

/// A column and what is wrong there.
type Wrong = (usize, String);

fn read_line(line: &str) -> Result<(LockKey, LockEntry), Wrong> {
    let (key, start) = read_key(line)?;
    let before = line[..start].chars().count();
    let entry = read_entry(&line[start..], matches!(key, Key::Saga { .. }));
    entry.map(|entry| (key, entry)).map_err(|(column, message)| (before + column, message))
}

/// What stands behind the key.
fn read_entry(text: &str, of_saga: bool) -> Result<LockEntry, Wrong> {
    let mut reader = Reader::new(text);
    let shape = reader.shape(0).map_err(|error| (error.column, error.message))?;
    let end = reader.at();
    let column = |at: usize| text[..at].chars().count();
    let mut entry = LockEntry::new(shape);
    let mut at = end;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let word = text[at..].split(' ').next().unwrap_or_default().trim_end();
        match word {
            "" => break,
            "retired" if !entry.retired => entry.retired = true,
            data if of_saga && entry.data.is_none() && data.starts_with(DATA) => {
                let start = at + DATA.len();
                let mut reader = Reader::new(&text[start..]);
                let data = reader.shape(0).map_err(|error| (column(start) + error.column, error.message))?;
                entry.data = Some(data);
                at = start + reader.at();
                continue;
            }
            steps if of_saga && entry.steps.is_none() && is_steps(steps, &entry.shape) => {
                entry.steps = Some(steps.to_owned());
            }
            _ => return Err((column(end) + 1, format!("`{word}` is not expected behind the shape"))),
        }
        at += word.len();
    }
    if of_saga && !matches!(entry.shape, OwnedShape::Struct(_)) {
        return Err((1, "a saga has an object with its steps here: {step:shape}".to_owned()));
    }
    Ok(entry)
}

impl LockEntry {
    /// Of a text as it stands behind the key in a line; of one that cannot be read the shape is not known.
    pub(crate) fn read(text: &str, of_saga: bool) -> Self {
        read_entry(text, of_saga).unwrap_or_else(|_| Self::of_unknown_shape())
    }
}

/// What stands before the shape, and where the shape begins.
fn read_key(line: &str) -> Result<(LockKey, usize), Wrong> {
    let mut words = line.split(' ');
    let (first, second, third) = (words.next().unwrap_or_default(), words.next(), words.next());
    let after = |words: &[&str]| words.iter().map(|word| word.len() + 1).sum::<usize>();
    match (first, second.unwrap_or_default(), third.unwrap_or_default()) {
        ("", ..) => Err((1, "a line begins with a name".to_owned())),
        ("saga", name, number) if version(number).is_some() => {
            let version = version(number).unwrap_or_default();
            rest(line, after(&[first, name, number])).map(|start| (Key::saga(name, version), start))
        }
        (name, number, _) if version(number).is_some() => {
            let version = version(number).unwrap_or_default();
            rest(line, after(&[name, number])).map(|start| (Key::event(name, version), start))
        }
        ("snapshot", name, _) if !name.is_empty() => {
            rest(line, after(&[first, name])).map(|start| (Key::snapshot(name), start))
        }
        ("saga", name, _) => {
            let column = after(&[first, name]).min(line.len()) + 1;
            Err((column, "a version such as `v1` is expected behind the name of a saga".to_owned()))
        }
        (name, ..) => {
            let column = name.chars().count() + 2;
            Err((column, "a version such as `v1` is expected behind the name of an event".to_owned()))
        }
    }
}

/// A shape must follow.
fn rest(line: &str, start: usize) -> Result<usize, Wrong> {
    if start < line.len() {
        Ok(start)
    } else {
        Err((line.chars().count() + 1, "a shape is expected, such as {cents:u64}".to_owned()))
    }
}

/// The number in `v1`.
fn version(word: &str) -> Option<u16> {
    let digits = word.strip_prefix('v')?;
    let plain = !digits.starts_with(['0', '+']);
    plain.then(|| digits.parse().ok()).flatten()
}

/// Whether this says of every step what it is.
fn is_steps(text: &str, shape: &OwnedShape) -> bool {
    let OwnedShape::Struct(steps) = shape else { return false };
    let is_step =
        |step: &str| step.split_once('+').is_some_and(|(kind, undo)| !kind.is_empty() && !undo.is_empty());
    text.split(',').all(is_step) && text.split(',').count() == steps.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_written_sorted() {
        let text = "\
# My own words.

saga transfer v1 {debit:{version:u64},clear:null} command+compensation,foreign+nothing
saga transfer v2 {debit:null} data:{\"from whom\":string,cents:u64} retired
saga transfer v3 {debit:null} command+pivot data:{}
snapshot account {balance:u64}
# Why reason came.
account.withdrawn v10 {cents:u64,reason:string}
account.withdrawn v2 {cents:u64}
saga v1 {} retired
# The end.
";
        let lock: Lock = text.parse().unwrap();
        let expected = "\
# What was ever released of the events, sagas and snapshots of this package: commit this file.
# `cargo gesta lock` adds lines and never changes one; the macros of gesta compare the code with it.

account.withdrawn v2 {cents:u64}
# Why reason came.
account.withdrawn v10 {cents:u64,reason:string}
saga v1 {} retired
# My own words.
saga transfer v1 {debit:{version:u64},clear:null} command+compensation,foreign+nothing
saga transfer v2 {debit:null} data:{\"from whom\":string,cents:u64} retired
saga transfer v3 {debit:null} command+pivot data:{}
snapshot account {balance:u64}
# The end.
";
        assert_eq!(lock.to_string(), expected);
        assert_eq!(expected.parse::<Lock>().unwrap(), lock);
        assert!("".parse::<Lock>().unwrap().is_empty());
    }

    #[test]
    fn a_mistake_is_told_with_line_and_column() {
        for (text, line, column, part) in [
            ("a v1 {}\na v1 {b:u8}", 2, 1, "twice"),
            ("# x\n\na.b", 3, 5, "version"),
            ("a.b one {}", 1, 5, "version"),
            ("a.b v0 {}", 1, 5, "version"),
            ("a.b v1", 1, 7, "shape is expected"),
            ("ä.b v1 {c}", 1, 10, "where `:`"),
            ("a.b v1 {} retird", 1, 10, "`retird` is not expected"),
            ("saga s {}", 1, 8, "version"),
            ("saga s v1 {a:u8} command", 1, 17, "`command` is not expected"),
            ("saga s v1 [u8]", 1, 11, "object with its steps"),
            ("saga s v1 {a:u8} data:{b:u8", 1, 28, "ends"),
            ("saga s v1 {a:u8} data:{}x", 1, 17, "`x` is not expected"),
            ("a v1 {} data:{}", 1, 8, "is not expected"),
            (" a v1 {}", 1, 1, "begins with a name"),
        ] {
            let error = text.parse::<Lock>().unwrap_err();
            assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }
}
