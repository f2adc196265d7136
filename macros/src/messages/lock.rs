//! What is said when something is no longer as `gesta.lock` has it.

use super::list;

/// Why a change of what is recorded is refused.
const STORED: &str = "some of them may already be in a database";

pub(crate) fn unreadable(number: usize, line: &str) -> String {
    format!(
        "line {number} of gesta.lock cannot be read: `{line}`\n  \
         help: put it back as it was, or write it such as `account.opened v1 {{owner:string}}`"
    )
}

pub(crate) fn renamed(name: &str, enumeration: &str, variant: &str) -> String {
    format!(
        "`{name}` is recorded in gesta.lock and no variant of `{enumeration}` has this name: {STORED}\n  \
         help: if `{variant}` is the same event, keep its name: `#[event(name = \"{name}\")]`\n  \
         help: if it does not happen any more, keep its variant and write `#[event(retired)]` on it"
    )
}

pub(crate) fn gone(names: &[&str], enumeration: &str) -> String {
    let (are, have, them) = if names.len() == 1 {
        ("is", "this name", "it does not happen any more, keep its variant")
    } else {
        ("are", "these names", "they do not happen any more, keep their variants")
    };
    let it = if names.len() == 1 { "it" } else { "one" };
    format!(
        "{} {are} recorded in gesta.lock and no variant of `{enumeration}` has {have}: {STORED}\n  \
         help: if {it} was renamed, keep its name: `#[event(name = \"..\")]` on the variant\n  \
         help: if {them} and write `#[event(retired)]`",
        list(names.iter().copied())
    )
}

pub(crate) fn newer_version(name: &str, newest: u64, known: u64, variant: &str) -> String {
    let older: Vec<String> = (1..newest).take(8).map(|version| format!("{variant}V{version}")).collect();
    format!(
        "version {newest} of `{name}` is recorded in gesta.lock and here is version {known}: {STORED}\n  \
         help: keep every version readable: `#[event(version = {newest}, from({}))]`; a shape is brought back by a \
         further version",
        older.join(", ")
    )
}

pub(crate) fn reused(name: &str) -> String {
    format!(
        "`{name}` is the name of a retired event, and stored ones would be taken for this one\n  \
         help: to read the stored ones write `#[event(retired)]`; for another event take another name: \
         `#[event(name = \"..\")]`\n  \
         help: if it happens again as it did, take `retired` off its lines in gesta.lock"
    )
}

pub(crate) fn undo_the_change_of(old: &str) -> String {
    format!("`{old}` is what that version was stored as: undo the change of it")
}

pub(crate) fn raise(kept: &str, next: u64, older: &str) -> String {
    format!(
        "keep the old shape as a struct `{kept}` and write #[event(version = {next}, from({older}))], or undo the change"
    )
}

/// What has become of the steps of a saga, both lists, and the remedy.
pub(crate) fn steps(what: &str, saga: &str, before: &[&str], now: &[&str], raise: &str) -> String {
    format!(
        "{what}, and instances of {saga} may have begun\n  locked: {}\n     now: {}\n  \
         help: put the steps back as they were; a method may have another name: `#[step(name = \"..\")]`\n  \
         help: {raise}",
        before.join(", "),
        now.join(", ")
    )
}

pub(crate) fn step_renamed(was: &str, is: &str) -> String {
    format!("step `{was}` is now `{is}`")
}

pub(crate) fn step_removed(was: &str) -> String {
    format!("step `{was}` is gone")
}

pub(crate) fn step_added(is: &str) -> String {
    format!("step `{is}` is new")
}

pub(crate) fn step_moved(was: &str) -> String {
    format!("step `{was}` has another place")
}

pub(crate) fn step_kind(step: &str, saga: &str, before: &str, now: &str, raise: &str) -> String {
    format!(
        "what step `{step}` does or how it is undone has changed, and instances of {saga} may have begun\n  \
         locked: {before}\n     now: {now}\n  help: undo the change\n  help: {raise}"
    )
}

pub(crate) fn output_of(step: &str, saga: &str) -> String {
    format!("the output of step `{step}` in {saga}")
}

pub(crate) fn data_of(saga: &str) -> String {
    format!("the data of {saga}")
}

pub(crate) fn undo_or(remedy: &str) -> String {
    format!("undo the change, {remedy}")
}

pub(crate) fn raise_saga(saga: &str, version: u64) -> String {
    let next = version.saturating_add(1);
    format!(
        "or raise the version: `#[saga(version = {next})]`, and list the old definition beside it in `domain!`, or keep the \
         old data as a struct: `#[saga(version = {next}, from({saga}V{version}))]`"
    )
}
