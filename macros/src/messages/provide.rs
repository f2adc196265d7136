//! What may be wrong with a `#[derive(Provide)]`.

pub(crate) fn not_a_struct(name: &str, what: &str) -> String {
    format!(
        "`{name}` is {what}, and dependencies are the fields of a struct\n  \
         help: write `struct {name} {{ mailer: Mailer, .. }}`"
    )
}

pub(crate) fn same_type(ty: &str, other: &str) -> String {
    format!(
        "{other} is a `{ty}` as well, and a handler asks for a dependency by its type\n  \
         help: put one of them into a newtype, or keep it to yourself with `#[provide(skip)]`"
    )
}

pub(crate) fn on_struct() -> String {
    "`skip` belongs on a field\n  help: write `#[provide(skip)]` on the field that is not for handlers".into()
}
