//! Positions in the texts of keys.

use std::{collections::HashSet, ops::Range};

use super::places::Places;
use crate::domain::{IdempotencyKey, Position};

/// What the keys of the framework begin with that name an event by its position, after what belongs to whoever
/// was at it.
const BY_POSITION: [&str; 3] = ["plugin", "gesta.dead_lettered", "gesta.dead_letter_decided"];

/// How a key is called in the copy.
///
/// What follows from an event is stored under a key with the position of that event, so that it is stored once however
/// often the event is delivered. In the copy the event stands elsewhere, and whoever is at it again asks for that place.
pub(super) struct KeyTexts {
    /// The names of event handlers: their keys begin with them.
    handlers: HashSet<&'static str>,
}

impl KeyTexts {
    pub(super) fn new(handlers: HashSet<&'static str>) -> Self {
        Self { handlers }
    }

    /// A number that is no position of the source is left as it is: then it is a key of somebody else's.
    pub(super) fn translate(&self, key: &IdempotencyKey, places: &Places) -> IdempotencyKey {
        let text = key.as_str();
        let place = self.position(text).and_then(|range| {
            let position = text[range.clone()].parse().ok().map(Position::from_raw)?;
            Some((range, places.of(position)?))
        });
        match place {
            Some((Range { start, end }, place)) => {
                IdempotencyKey::new(format!("{}{place}{}", &text[..start], &text[end..]))
            }
            None => key.clone(),
        }
    }

    /// Where in a key a position stands.
    fn position(&self, key: &str) -> Option<Range<usize>> {
        let (first, _) = key.split_once('/')?;
        if first.starts_with("process.") {
            // `process.dormancy/ann/17/0`: the instance may be called anything.
            let (rest, index) = key.rsplit_once('/')?;
            let (rest, position) = rest.rsplit_once('/')?;
            let is = is_number(index) && is_number(position) && rest.contains('/');
            return is.then(|| rest.len() + 1..rest.len() + 1 + position.len());
        }
        if !self.handlers.contains(first) && !BY_POSITION.contains(&first) {
            return None;
        }
        let mut start = 0;
        for part in key.split('/') {
            if is_number(part) {
                return Some(start..start + part.len());
            }
            start += part.len() + 1;
        }
        None
    }
}

/// As positions are written.
fn is_number(part: &str) -> bool {
    !part.is_empty()
        && part.bytes().all(|byte| byte.is_ascii_digit())
        && (part == "0" || !part.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_found_where_they_stand_in_keys_of_the_framework() {
        let mut places = Places::default();
        (1..=30).for_each(|n| places.note(Position::from_raw(n), Position::from_raw(n * 2)));
        let texts = KeyTexts::new(["mailer"].into());
        for (before, after) in [
            ("process.dormancy/ann/17/0", "process.dormancy/ann/34/0"),
            ("process.dormancy/a/7/17/3", "process.dormancy/a/7/34/3"),
            ("process.dormancy/7/quiet/3", "process.dormancy/7/quiet/3"),
            ("process.dormancy/7/3", "process.dormancy/7/3"),
            ("mailer/17", "mailer/34"),
            ("mailer/17/second/3", "mailer/34/second/3"),
            ("mailer/31", "mailer/31"),
            ("mailer/017", "mailer/017"),
            ("other/17", "other/17"),
            ("plugin/17/audit/2", "plugin/34/audit/2"),
            ("gesta.dead_lettered/plugins/audit/17", "gesta.dead_lettered/plugins/audit/34"),
            ("gesta.dead_letter_decided/mailer/17/0-0/9", "gesta.dead_letter_decided/mailer/34/0-0/9"),
            ("saga.transfer/17/debit", "saga.transfer/17/debit"),
            ("17", "17"),
            ("", ""),
        ] {
            let translated = texts.translate(&IdempotencyKey::new(before), &places);
            assert_eq!(translated.as_str(), after);
        }
    }
}
