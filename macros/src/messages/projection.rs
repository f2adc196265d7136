//! What `#[projection]` says.

pub(crate) fn not_a_type() -> String {
    "`#[projection(..)]` stands on the struct or enum that is the document\n  \
     help: write `#[projection(key = ..)] #[derive(Default, Serialize, Deserialize)] pub struct Balance { .. }`"
        .into()
}

pub(crate) fn generic(name: &str) -> String {
    format!(
        "the projection `{name}` cannot be generic: its documents are read back by its name\n  \
         help: write one struct for each kind of document"
    )
}

pub(crate) fn no_key(name: &str) -> String {
    format!(
        "`{name}` does not say what its documents are found by\n  \
         help: write `#[projection(key = AccountId)]`, with the id of the events' streams or with another key"
    )
}

pub(crate) fn bad_name() -> String {
    "a projection's name is not empty and has no `@`: documents are kept under `name@version`\n  \
     help: write `name = \"balance\"`"
        .into()
}

pub(crate) fn empty_index_name() -> String {
    "an index's name is not empty\n  help: write `#[index(name = \"owner\")]`, or `#[index]` for the field's own name"
        .into()
}

pub(crate) fn index_twice(name: &str, first: &str) -> String {
    format!(
        "the field `{first}` has an index `{name}` already\n  help: write `#[index(name = \"..\")]` with another name"
    )
}

pub(crate) fn index_without_name() -> String {
    "an index is on a field with a name, in a struct: documents are found by `Balance::FIELD`\n  \
     help: give the document a field of that name, and keep it up to date in `#[apply(..)]`"
        .into()
}
