//! What may be wrong with a `#[derive(Schema)]`.

pub(crate) fn union() -> String {
    "the shape of a union is not known\n  help: use an enum".into()
}

pub(crate) fn contains_itself(name: &str) -> String {
    format!(
        "`{name}` contains itself within a type of which it is not known how it is stored, so its shape has no end\n  \
         help: write `#[schema(recursive)]` on this field"
    )
}

pub(crate) fn on_container() -> String {
    "`#[schema(recursive)]` belongs on the field that leads back to its own type".into()
}

pub(crate) fn transparent() -> String {
    "`#[serde(transparent)]` needs a struct with one field".into()
}

pub(crate) fn two_variants(name: &str) -> String {
    format!(
        "two variants are stored as `{name}`\n  help: give one of them another name: `#[serde(rename = \"..\")]`"
    )
}
