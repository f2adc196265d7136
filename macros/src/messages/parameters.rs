//! What is said of the parameters of every kind of handler.

pub(crate) fn owned_dependency(name: &str, ty: &str) -> String {
    format!("the dependency `{name}` is borrowed from the application\n  help: write `{name}: &{ty}`")
}

pub(crate) fn owned_id(ty: &str) -> String {
    format!("the id is borrowed\n  help: write `id: &{ty}`")
}

pub(crate) fn mutable_dependency(name: &str, ty: &str) -> String {
    format!(
        "the dependency `{name}` is shared by all handlers, so it cannot be borrowed as `&mut`\n  \
         help: write `{name}: &{ty}`, and let it take care of its own changes (a pool, a mutex)"
    )
}

pub(crate) fn anonymous_dependency(name: &str) -> String {
    format!(
        "the application provides `{name}` by its type, so it needs one with a name\n  help: write `{name}: &Type`"
    )
}

pub(crate) fn dependency_lifetime(name: &str) -> String {
    format!(
        "the dependency `{name}` lives as long as the application\n  help: give it owned fields and no lifetime"
    )
}

pub(crate) fn not_a_name() -> String {
    "a parameter is a name and a type\n  help: write `name: &Type`, and take it apart in the body".into()
}

pub(crate) fn too_many_dependencies(most: usize) -> String {
    format!(
        "the handlers in this block need more than {most} dependencies\n  \
         help: put those that belong together into one struct"
    )
}

pub(crate) fn borrowed(name: &str, ty: &str) -> String {
    format!("`{name}` is borrowed for the time of the call\n  help: write `{name}: &{ty}`")
}
