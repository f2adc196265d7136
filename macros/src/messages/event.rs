//! What may be wrong with an `#[event]`.

pub(crate) fn not_an_enum(name: &str, what: &str) -> String {
    format!(
        "`#[event]` belongs on an enum, and `{name}` is a {what}\n  \
         help: write `enum {name} {{ .. }}` with one variant for each thing that can happen"
    )
}

pub(crate) fn not_on_this() -> String {
    "`#[event]` belongs on an enum\n  help: put it on the enum that lists what can happen".into()
}

pub(crate) fn generic(name: &str) -> String {
    format!(
        "`{name}` is stored, so it has no parameters\n  help: write the types out that `{name}` is used with"
    )
}

pub(crate) fn empty(name: &str) -> String {
    format!("`{name}` lists no events\n  help: add a variant for each thing that can happen")
}

pub(crate) fn borrowed() -> String {
    "an event owns what it records, so that it can be read back\n  help: use an owned type, such as `String`"
        .into()
}

pub(crate) fn name_empty() -> String {
    "the stored name is empty\n  help: write it in lower case, such as `name = \"account.opened\"`".into()
}

pub(crate) fn name_too_long(max: usize) -> String {
    format!("a stored name has at most {max} bytes")
}

pub(crate) fn name_characters(name: &str, bad: char) -> String {
    let words = name.split('.').map(|part| crate::naming::snake_case(part.trim()));
    let proposal: String = words
        .collect::<Vec<_>>()
        .join(".")
        .chars()
        .map(|c| if super::super::event::name_allows(c) { c } else { '_' })
        .collect();
    format!(
        "{} does not belong into a stored name\n  \
         help: lower-case letters, digits, `_`, `-` and `.`, such as `{proposal}`",
        match bad {
            ' ' => "a space".to_owned(),
            c if c.is_control() || c.is_whitespace() => format!("the character {}", c.escape_unicode()),
            c => format!("`{c}`"),
        }
    )
}

pub(crate) fn name_dots() -> String {
    "a stored name has something before and behind every dot\n  help: write it such as `account.opened`"
        .into()
}

pub(crate) fn name_taken(name: &str, other: &str) -> String {
    format!(
        "`{name}` is already the stored name of `{other}`\n  help: give one of them `#[event(name = \"..\")]`"
    )
}

pub(crate) fn version_on_enum() -> String {
    "versions belong to the variants: each changes on its own\n  \
     help: move it to the variant that has changed: `#[event(version = 2, from(Old))]`"
        .into()
}

pub(crate) fn from_without_version(variant: &str, count: usize, listed: &str) -> String {
    format!(
        "`{variant}` lists older payloads but says no version\n  \
         help: #[event(version = {}, from({listed}))]",
        count + 1
    )
}

pub(crate) fn wrong_count(variant: &str, event: &str, version: u64, listed: &[String]) -> String {
    let needed = version - 1;
    let older = if needed == 1 { "older payload" } else { "older payloads, oldest first" };
    let given = match listed.len() {
        0 => "none is listed".to_owned(),
        1 => "1 is listed".to_owned(),
        n => format!("{n} are listed"),
    };
    if version == 1 {
        return format!(
            "`{variant}` is at version 1, so nothing is older\n  \
             help: leave `from(..)` out, or write `version = {}`",
            listed.len() + 1
        );
    }
    if needed > 8 {
        return format!("`{variant}` is at version {version}, so it needs the {needed} {older}, and {given}");
    }
    let names = all_older(variant, needed, listed);
    let last = names.last().cloned().unwrap_or_default();
    let more = if listed.len() as u64 > needed {
        format!("or write `version = {}`", listed.len() + 1)
    } else {
        format!("with `impl From<{last}> for {event}`")
    };
    format!(
        "`{variant}` is at version {version}, so it needs the {needed} {older}, and {given}\n  \
         help: #[event(version = {version}, from({}))], {more}",
        names.join(", ")
    )
}

/// The names of as many older payloads as are needed: those that are listed, and in the gaps what the missing ones are
/// commonly called.
fn all_older(variant: &str, needed: u64, listed: &[String]) -> Vec<String> {
    let numbers = |name: &String| (1..=needed).any(|n| *name == format!("{variant}V{n}"));
    if listed.len() as u64 <= needed && listed.iter().all(numbers) {
        return (1..=needed).map(|n| format!("{variant}V{n}")).collect();
    }
    let further = (listed.len() as u64 + 1..=needed).map(|n| format!("{variant}V{n}"));
    listed.iter().cloned().chain(further).take(usize::try_from(needed).unwrap_or(usize::MAX)).collect()
}

pub(crate) fn old_twice(old: &str) -> String {
    format!(
        "`{old}` is listed already\n  \
         help: each version has a payload of its own, also where two look alike: copy the struct under another name"
    )
}

pub(crate) fn itself_as_old(name: &str) -> String {
    format!("`{name}` is what is stored today\n  help: list the structs that hold the older payloads")
}

pub(crate) fn serde_name(key: &str) -> String {
    format!(
        "`#[serde({key})]` does not change the stored name of an event\n  help: write `#[event(name = \"..\")]`"
    )
}

pub(crate) fn rename_variants() -> String {
    "`#[serde(rename_all)]` here renames the variants, which are stored under names of their own\n  \
     help: for the fields write `#[serde(rename_all_fields = \"..\")]`; for a variant `#[event(name = \"..\")]`"
        .into()
}

/// What the compiler says where a retired event is made.
pub(crate) fn retired(name: &str) -> String {
    format!("`{name}` is retired: it is read and no longer written")
}

pub(crate) fn option_on_field() -> String {
    "`#[event(..)]` belongs on the enum or on a variant\n  \
     help: the stored name of a field is set with `#[serde(rename = \"..\")]`"
        .into()
}

pub(crate) fn schema_on_variant() -> String {
    "`#[schema(..)]` belongs on a field\n  help: `#[schema(as = Type)]` on the field that it is about".into()
}

pub(crate) fn twice(name: &str, what: &str) -> String {
    format!("there already is a {what} `{name}`\n  help: rename one of them or leave it out")
}
