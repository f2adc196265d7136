//! What `#[aggregate]` says.

pub(crate) fn not_a_type() -> String {
    "`#[aggregate(..)]` stands on the struct or enum that holds the state\n  \
     help: write `#[aggregate(id = .., event = ..)] #[derive(Default)] pub struct Account { .. }`"
        .into()
}

pub(crate) fn generic(name: &str) -> String {
    format!(
        "the aggregate `{name}` cannot be generic: its streams are read back by its name\n  \
         help: write one struct for each kind of aggregate"
    )
}

pub(crate) fn empty_name() -> String {
    "an aggregate's name is not empty: it names its streams\n  help: write `name = \"account\"`".into()
}

pub(crate) fn never_a_snapshot() -> String {
    "`snapshot_every = 0` would never take a snapshot\n  \
     help: leave it out, or say after how many events: `snapshot_every = 100`"
        .into()
}

pub(crate) fn missing(name: &str, missing: &[&str]) -> String {
    let missing = missing.join("` and `");
    format!(
        "`#[aggregate]` needs `{missing}`\n  help: write `#[aggregate(id = {name}Id, event = {name}Event)]`"
    )
}

pub(crate) fn no_states(name: &str) -> String {
    format!(
        "`{name}` has no states: each variant of an enum is one\n  \
         help: write `pub enum {name} {{ Draft(Draft), Placed(Placed) }}`, or leave `states` out"
    )
}
