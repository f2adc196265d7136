//! What may be wrong with serde's attributes on something that is stored.

pub(crate) fn refused_on_type(key: &str) -> String {
    format!(
        "`#[serde({key})]` gives this type a stored form that its shape cannot say\n  \
         help: leave it out, or say which type it is stored like: `#[schema(as = Type)]`"
    )
}

pub(crate) fn refused_on_variant(key: &str) -> String {
    format!(
        "`#[serde({key})]` on a variant would store something else than the variant, or nothing\n  \
         help: leave it out; what must not be stored does not belong into the enum"
    )
}

pub(crate) fn flatten() -> String {
    "`#[serde(flatten)]` hides which fields are stored\n  \
     help: keep the struct as a field of its own, or write its fields here"
        .into()
}

pub(crate) fn with(key: &str) -> String {
    format!(
        "`#[serde({key})]` stores this field in a form that its type does not tell\n  \
         help: say which type it is stored like: `#[schema(as = String)]`"
    )
}

pub(crate) fn half_skipped(key: &str) -> String {
    let what =
        if key == "skip_serializing" { "is read but never written" } else { "is written but never read" };
    format!("a field with `#[serde({key})]` {what}\n  help: `#[serde(skip)]` leaves it out of both")
}

pub(crate) fn borrowed() -> String {
    "what is read from a store cannot be borrowed\n  help: use an owned type, such as `String`".into()
}

pub(crate) fn two_names(key: &str) -> String {
    format!(
        "what is written under one name must be read under the same\n  \
         help: write `{key} = \"..\"`, and `alias = \"..\"` for a name from before"
    )
}

pub(crate) fn two_fields(name: &str) -> String {
    format!(
        "two fields are stored as `{name}`\n  help: give one of them another name: `#[serde(rename = \"..\")]`"
    )
}
