//! Every sentence that a user may see: what is wrong, then what to write instead.
//!
//! Sentences of one macro stand in a file of their own; here are those that all share.

pub(crate) mod aggregate;
pub(crate) mod apply;
pub(crate) mod command_handler;
pub(crate) mod domain;
pub(crate) mod event;
pub(crate) mod event_handler;
pub(crate) mod id;
pub(crate) mod lock;
pub(crate) mod parameters;
pub(crate) mod policy;
pub(crate) mod process_manager;
pub(crate) mod projection;
pub(crate) mod provide;
pub(crate) mod query_handler;
pub(crate) mod saga;
pub(crate) mod schema;
pub(crate) mod states;
pub(crate) mod wire;

use std::fmt::Display;

use crate::suggest::nearest;

/// `a`, `b` and `c` in backticks.
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// "; did you mean `x`?" or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

pub(crate) fn unknown_option(word: &str, owner: &str, known: &[&str]) -> String {
    let hint = did_you_mean(word, known.iter().copied());
    format!("unknown option `{word}`{hint}\n  help: `#[{owner}(..)]` knows {}", list(known.iter().copied()))
}

pub(crate) fn duplicate_option(word: &str) -> String {
    format!("`{word}` is given twice\n  help: keep one of them")
}

pub(crate) fn not_an_option(owner: &str, known: &[&str]) -> String {
    format!("expected an option of `#[{owner}(..)]`\n  help: it knows {}", list(known.iter().copied()))
}

pub(crate) fn wrong_value(word: &str, form: impl Display) -> String {
    format!("`{word}` is not written like this\n  help: write `{form}`")
}

pub(crate) fn out_of_range(word: &str, smallest: u64, greatest: u64) -> String {
    format!("`{word}` is a number from {smallest} to {greatest}")
}
