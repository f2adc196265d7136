//! The lines of `gesta.lock`.
//!
//! ```text
//! account.opened v1 {owner:string}
//! account.closed v1 {} retired
//! saga transfer v1 {debit:{version:u64},clear:{reference:string}} command+compensation,foreign+nothing
//! snapshot account {cents:u64}
//! ```

/// What was stored by versions of the program that were released.
#[derive(Default)]
pub(crate) struct Lock {
    pub(crate) events: Vec<LockedEvent>,
    pub(crate) sagas: Vec<LockedSaga>,
    /// The lines that mean nothing, by their numbers from 1 on.
    pub(crate) unreadable: Vec<(usize, String)>,
}

/// One version of a type of event.
#[derive(Debug, PartialEq)]
pub(crate) struct LockedEvent {
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) shape: String,
    pub(crate) retired: bool,
}

/// One version of a saga.
#[derive(Debug, PartialEq)]
pub(crate) struct LockedSaga {
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) steps: Vec<LockedStep>,
    /// The shape of its data. None where the line does not say.
    pub(crate) data: Option<String>,
    pub(crate) retired: bool,
}

/// One step of a saga.
#[derive(Debug, PartialEq)]
pub(crate) struct LockedStep {
    pub(crate) name: String,
    /// The shape of its output.
    pub(crate) shape: String,
    /// What it does and how it is undone: `command+compensation`. None where the line does not say.
    pub(crate) kind: Option<String>,
}

/// One line.
enum Line {
    Event(LockedEvent),
    Saga(LockedSaga),
    /// A snapshot is recorded for those who read the file; states are folded anew, so it is compared with nothing.
    Snapshot,
}

impl Lock {
    pub(super) fn parse(text: &str) -> Self {
        let mut lock = Self::default();
        let lines = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
        for (line, number) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
            match read(line) {
                Some(Line::Event(event)) => lock.events.push(event),
                Some(Line::Saga(saga)) => lock.sagas.push(saga),
                Some(Line::Snapshot) => {}
                None => lock.unreadable.push((number, line.to_owned())),
            }
        }
        lock
    }

    /// The versions of a type of event.
    pub(crate) fn versions<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a LockedEvent> {
        self.events.iter().filter(move |event| event.name == name)
    }
}

fn read(line: &str) -> Option<Line> {
    let mut words = split(line, ' ')?.into_iter();
    let first = words.next()?;
    let rest: Vec<&str> = words.collect();
    match (first, rest.as_slice()) {
        // An event may be called so as well: its version follows.
        ("saga", [name, version, shape, more @ ..]) if number(version).is_some() => {
            let (retired, more) = match more {
                [more @ .., "retired"] => (true, more),
                more => (false, more),
            };
            let (data, more) = match more {
                [more @ .., last] if last.starts_with(DATA) => (last.strip_prefix(DATA), more),
                more => (None, more),
            };
            let kinds = match more {
                [] => None,
                [kinds] => Some(*kinds),
                _ => return None,
            };
            let (name, version, steps) = (unquoted(name), number(version)?, steps(shape, kinds)?);
            Some(Line::Saga(LockedSaga { name, version, steps, data: data.map(str::to_owned), retired }))
        }
        ("snapshot", [name, _]) if number(name).is_none() => Some(Line::Snapshot),
        (_, [version, shape, more @ ..]) => {
            let retired = match more {
                [] => false,
                ["retired"] => true,
                _ => return None,
            };
            let (name, shape) = (unquoted(first), (*shape).to_owned());
            Some(Line::Event(LockedEvent { name, version: number(version)?, shape, retired }))
        }
        _ => None,
    }
}

/// What stands before the shape of a saga's data: `data:{from:string}`.
const DATA: &str = "data:";

/// `v2`
pub(super) fn number(word: &str) -> Option<u64> {
    word.strip_prefix('v')?.parse().ok().filter(|number| *number > 0)
}

/// `{debit:{version:u64},clear:string}` and `command+compensation,foreign+nothing`
fn steps(shape: &str, kinds: Option<&str>) -> Option<Vec<LockedStep>> {
    let inner = shape.strip_prefix('{')?.strip_suffix('}')?;
    let steps = if inner.is_empty() { Vec::new() } else { split(inner, ',')? };
    let kinds: Vec<&str> = kinds.map(|kinds| kinds.split(',').collect()).unwrap_or_default();
    if !kinds.is_empty() && kinds.len() != steps.len() {
        return None;
    }
    let step = |(at, step): (usize, &str)| {
        let [name, shape] = split(step, ':')?.try_into().ok()?;
        let kind = kinds.get(at).map(|kind| (*kind).to_owned());
        Some(LockedStep { name: unquoted(name), shape: shape.to_owned(), kind })
    };
    steps.into_iter().enumerate().map(step).collect()
}

/// Splits at a character that is neither in brackets nor in quotes. None where these are not closed.
pub(super) fn split(text: &str, at: char) -> Option<Vec<&str>> {
    let (mut parts, mut from, mut open) = (Vec::new(), 0, Vec::new());
    let (mut quoted, mut escaped) = (false, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '(' => open.push(')'),
            '<' => open.push('>'),
            '}' | ']' | ')' | '>' if open.pop() != Some(c) => return None,
            '}' | ']' | ')' | '>' => {}
            _ if c == at && open.is_empty() => {
                parts.push(text.get(from..i)?);
                from = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(from..)?);
    (open.is_empty() && !quoted).then_some(parts)
}

/// A name without its quotes.
fn unquoted(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return name.to_owned();
    };
    let (mut out, mut chars) = (String::new(), inner.chars());
    while let Some(c) = chars.next() {
        match if c == '\\' { chars.next() } else { None } {
            None => out.push(c),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(other) => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, version: u64, shape: &str, retired: bool) -> LockedEvent {
        LockedEvent { name: name.into(), version, shape: shape.into(), retired }
    }

    #[test]
    fn every_kind_of_line_is_read() {
        let lock = Lock::parse(
            "# by hand\n\naccount.opened v1 {owner:string,\"a b\":map<string,u8>}\naccount.closed v12 {} retired\r\n\
             saga transfer v2 {debit:{version:u64},\"clear it\":string} command+compensation,foreign+nothing\n\
             saga \"by hand\" v1 {} data:{\"a b\":u8} retired\nsnapshot account {cents:u64}\nsaga v1 u64\nsnapshot v1 u64\n",
        );
        assert_eq!(
            lock.events,
            [
                event("account.opened", 1, "{owner:string,\"a b\":map<string,u8>}", false),
                event("account.closed", 12, "{}", true),
                event("saga", 1, "u64", false),
                event("snapshot", 1, "u64", false),
            ]
        );
        let step = |name: &str, shape: &str, kind: &str| LockedStep {
            name: name.into(),
            shape: shape.into(),
            kind: Some(kind.into()),
        };
        assert_eq!(
            lock.sagas,
            [
                LockedSaga {
                    name: "transfer".into(),
                    version: 2,
                    steps: vec![
                        step("debit", "{version:u64}", "command+compensation"),
                        step("clear it", "string", "foreign+nothing")
                    ],
                    data: None,
                    retired: false
                },
                LockedSaga {
                    name: "by hand".into(),
                    version: 1,
                    steps: Vec::new(),
                    data: Some("{\"a b\":u8}".into()),
                    retired: true
                },
            ]
        );
        assert_eq!(lock.unreadable, []);
    }

    #[test]
    fn what_means_nothing_is_kept_with_its_line() {
        let lines = [
            "account.opened",
            "account.opened v1",
            "account.opened 1 {}",
            "account.opened v0 {}",
            "account.opened v1 {cents:u64",
            "account.opened v1 {cents:u64}}",
            "account.opened v1 {} gone",
            "saga transfer v1 {debit:u64} command+pivot,foreign+pivot",
            "saga transfer v1 u64",
            "snapshot account",
            "<<<<<<< HEAD",
        ];
        let lock = Lock::parse(&lines.join("\n"));
        let told: Vec<&str> = lock.unreadable.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(told, lines);
        assert_eq!(lock.unreadable.last().map(|(number, _)| *number), Some(lines.len()));
    }

    #[test]
    fn names_lose_their_quotes() {
        assert_eq!(unquoted(r#""a \"b\" \\ \n""#), "a \"b\" \\ \n");
        assert_eq!(unquoted("plain"), "plain");
    }
}
