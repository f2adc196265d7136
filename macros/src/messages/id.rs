//! What may be wrong with a `#[derive(Id)]`.

fn form(name: &str) -> String {
    format!("help: write `struct {name}(pub String);`, or with `Uuid` or an integer inside")
}

pub(crate) fn not_a_struct(name: &str, what: &str) -> String {
    format!("an id is a struct around one value, and `{name}` is {what}\n  {}", form(name))
}

pub(crate) fn no_value(name: &str) -> String {
    format!("`{name}` holds no value that could tell one from another\n  {}", form(name))
}

pub(crate) fn several_values(name: &str) -> String {
    format!(
        "an id holds one value\n  {}; values that only together name something are joined in the text of one `String`",
        form(name)
    )
}

pub(crate) fn generic(name: &str) -> String {
    format!("an id has no parameters: each kind of thing has a type of its own\n  {}", form(name))
}

pub(crate) fn serde_attribute() -> String {
    "`#[derive(Id)]` stores the id as the value inside it\n  help: leave `#[serde(..)]` out".into()
}
