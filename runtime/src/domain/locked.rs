//! What `domain!` asks, at compile time, of the lines in `gesta.lock`.

use super::{
    PartInfo,
    const_text::{Text, equal},
};

/// One version of a saga, as a domain lists it.
#[derive(Clone, Copy, Debug)]
pub struct ListedSaga {
    /// Its name in the store.
    pub name: &'static str,
    /// The package in whose source it is.
    pub package: &'static str,
    /// The version of the definition.
    pub version: u16,
    /// The oldest version whose instances can go on by this one.
    pub since: u16,
}

/// Refuses, in a `const`, an aggregate that no longer knows an event which `locked` names.
///
/// Whose event it was is told by what comes before the last dot of its name: that of another event of the aggregate, or
/// the aggregate's own name.
///
/// # Panics
/// If there is none of this name in the domain. The text says which.
#[track_caller]
pub const fn check_locked_events(at: usize, parts: &[PartInfo], package: &str, locked: &[&str]) {
    let part = &parts[at];
    // Without events there was a mistake, which was told; those of another package are in its own file.
    if part.events.is_empty() || !equal(part.events[0].package, package) {
        return;
    }
    let mut i = 0;
    while i < locked.len() {
        if is_of(part, locked[i]) && !is_known(parts, locked[i]) {
            refuse_event(part, locked[i]);
        }
        i += 1;
    }
}

/// Whether a name is one that events of this aggregate have.
const fn is_of(part: &PartInfo, name: &str) -> bool {
    let prefix = prefix(name);
    let mut found = equal(prefix, part.name);
    let mut i = 0;
    while i < part.events.len() && !found {
        found = equal(self::prefix(part.events[i].name), prefix);
        i += 1;
    }
    found
}

const fn is_known(parts: &[PartInfo], name: &str) -> bool {
    let mut at = 0;
    while at < parts.len() {
        let mut i = 0;
        while i < parts[at].events.len() {
            if equal(parts[at].events[i].name, name) {
                return true;
            }
            i += 1;
        }
        at += 1;
    }
    false
}

/// What comes before the last dot; nothing without a dot.
const fn prefix(name: &str) -> &str {
    let bytes = name.as_bytes();
    let mut i = bytes.len();
    while i > 0 {
        i -= 1;
        if bytes[i] == b'.' {
            let (before, _) = name.split_at(i);
            return before;
        }
    }
    ""
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
#[track_caller]
const fn refuse_event(part: &PartInfo, name: &str) -> ! {
    let text = <Text>::new()
        .push("`")
        .push(name)
        .push("` is recorded in gesta.lock and no event of `")
        .push(part.source)
        .push("` has this name: some of them may already be in a database\n  help: if its enum was renamed, keep the names: \
               `#[event(name = \"")
        .push(prefix(name))
        .push("\")]` on the enum; for one variant: `#[event(name = \"")
        .push(name)
        .push("\")]`\n  help: if it does not happen any more, keep its variant and write `#[event(retired)]` on it");
    panic!("{}", text.as_str())
}

/// Refuses, in a `const`, the newest version of a saga while instances of a version that `locked` names could not go on:
/// neither does a version that is listed go on with them, nor is theirs listed itself.
///
/// # Panics
/// If there is such a version. The text says which.
#[track_caller]
pub const fn check_locked_sagas(at: usize, listed: &[ListedSaga], package: &str, locked: &[(&str, u16)]) {
    let saga = &listed[at];
    if !equal(saga.package, package) || !is_newest(at, listed) {
        return;
    }
    let mut i = 0;
    while i < locked.len() {
        if equal(locked[i].0, saga.name) && !goes_on(listed, saga.name, locked[i].1) {
            refuse_saga(saga, locked[i].1);
        }
        i += 1;
    }
}

const fn is_newest(at: usize, listed: &[ListedSaga]) -> bool {
    let mut i = 0;
    while i < listed.len() {
        if equal(listed[i].name, listed[at].name) && listed[i].version > listed[at].version {
            return false;
        }
        i += 1;
    }
    true
}

const fn goes_on(listed: &[ListedSaga], name: &str, version: u16) -> bool {
    let mut i = 0;
    while i < listed.len() {
        if equal(listed[i].name, name) && listed[i].since <= version && version <= listed[i].version {
            return true;
        }
        i += 1;
    }
    false
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
#[track_caller]
const fn refuse_saga(saga: &ListedSaga, version: u16) -> ! {
    let (mut locked, mut now) = (Digits::new(), Digits::new());
    let text = <Text>::new()
        .push("version ")
        .push(locked.of(version))
        .push(" of the saga `")
        .push(saga.name)
        .push("` is recorded in gesta.lock, and its instances could not go on: the newest version here is ")
        .push(now.of(saga.version));
    let text = if version > saga.version {
        text.push("\n  help: keep the newer definition, or raise the version again")
    } else {
        text.push("\n  help: list the definition of that version beside the new one, or say how its data becomes the new one's: \
                   `#[saga(version = ")
            .push(now.of(saga.version))
            .push(", from(Old))]`")
    };
    let text =
        text.push("\n  help: when none of its instances is left, write `retired` at the end of its line");
    panic!("{}", text.as_str())
}

/// Refuses, in a `const`, a domain to which an event or a saga that the file names does not belong. Retired ones are not
/// among the names.
///
/// # Panics
/// If there is one. The text says which.
#[track_caller]
pub const fn check_whole_lock(
    domain: &str,
    parts: &[PartInfo],
    listed: &[ListedSaga],
    events: &[&str],
    sagas: &[&str],
) {
    // With a part of which nothing is known there was a mistake, which was told.
    let (mut at, mut mistaken) = (0, false);
    while at < parts.len() {
        mistaken = mistaken || parts[at].events.is_empty();
        at += 1;
    }
    at = 0;
    while at < listed.len() {
        mistaken = mistaken || listed[at].version == 0;
        at += 1;
    }
    let mut i = 0;
    while i < events.len() && !mistaken {
        // One that a part has had is told at the part.
        if !is_of_one(parts, events[i]) && !is_known(parts, events[i]) {
            refuse_lost_event(domain, events[i]);
        }
        i += 1;
    }
    i = 0;
    while i < sagas.len() && !mistaken {
        if !is_listed(listed, sagas[i]) {
            refuse_lost_saga(domain, sagas[i]);
        }
        i += 1;
    }
}

const fn is_of_one(parts: &[PartInfo], name: &str) -> bool {
    let mut at = 0;
    while at < parts.len() {
        if is_of(&parts[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_listed(listed: &[ListedSaga], name: &str) -> bool {
    let mut i = 0;
    while i < listed.len() {
        if equal(listed[i].name, name) {
            return true;
        }
        i += 1;
    }
    false
}

/// What to do about a line of another domain.
const OF_ANOTHER: &str =
    "\n  help: if it is of another domain of this package, take `lock: whole` out of `domain!`";

// A panic is how a constant is refused.
#[allow(clippy::panic)]
#[track_caller]
const fn refuse_lost_event(domain: &str, name: &str) -> ! {
    let text = <Text>::new()
        .push("`")
        .push(name)
        .push("` is recorded in gesta.lock, and no aggregate of `")
        .push(domain)
        .push("` has such events: some of them may already be in a database\n  help: if the aggregate was renamed, keep its names: \
               `#[aggregate(name = \"")
        .push(prefix(name))
        .push("\", ..)]`, and `#[event(name = \"")
        .push(prefix(name))
        .push("\")]` on its enum\n  help: if it was removed, keep it, with `#[event(retired)]` on its variants, until no store \
               has such events; then write `retired` at the end of its lines")
        .push(OF_ANOTHER);
    panic!("{}", text.as_str())
}

// A panic is how a constant is refused.
#[allow(clippy::panic)]
#[track_caller]
const fn refuse_lost_saga(domain: &str, name: &str) -> ! {
    let text = <Text>::new()
        .push("the saga `")
        .push(name)
        .push("` is recorded in gesta.lock, and `")
        .push(domain)
        .push("` lists none of this name: its instances could not go on\n  help: if it was renamed, keep its name: `#[saga(name = \"")
        .push(name)
        .push("\", ..)]`\n  help: if it was removed and none of its instances is left, write `retired` at the end of its lines")
        .push(OF_ANOTHER);
    panic!("{}", text.as_str())
}

/// A number in digits.
struct Digits([u8; 5]);

impl Digits {
    const fn new() -> Self {
        Self([b'0'; 5])
    }

    const fn of(&mut self, number: u16) -> &str {
        let (mut rest, mut at) = (number, self.0.len());
        while at > 0 && (rest > 0 || at == self.0.len()) {
            at -= 1;
            self.0[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let (_, digits) = self.0.split_at(at);
        match str::from_utf8(digits) {
            Ok(digits) => digits,
            // Digits are text.
            Err(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_digits() {
        for number in [0, 7, 10, 65_535] {
            assert_eq!(Digits::new().of(number), number.to_string());
        }
    }

    #[test]
    fn a_name_begins_with_whose_it_is() {
        assert_eq!(prefix("a.b.c"), "a.b");
        assert_eq!(prefix("a"), "");
    }

    #[test]
    fn the_instances_of_a_version_go_on_by_one_that_is_listed() {
        let saga = |version, since| ListedSaga { name: "transfer", package: "bank", version, since };
        let listed = [saga(1, 1), saga(4, 3)];
        let goes_on = |version| goes_on(&listed, "transfer", version);
        assert_eq!([1, 2, 3, 4, 5].map(goes_on), [true, false, true, true, false]);
        assert!(is_newest(1, &listed) && !is_newest(0, &listed));
    }
}
