//! What `#[apply]` says.

use super::did_you_mean;

pub(crate) fn not_an_impl_block() -> String {
    "`#[apply(..)]` stands on an `impl` block of the state\n  \
     help: write `#[apply(AccountEvent)] impl Account { .. }`"
        .into()
}

pub(crate) fn on_a_trait_impl() -> String {
    "`#[apply(..)]` stands on the state's own `impl` block, not on that of a trait\n  \
     help: write `#[apply(AccountEvent)] impl Account { .. }`; `impl Evolve<AccountEvent>` by hand needs no macro"
        .into()
}

pub(crate) fn missing_event() -> String {
    "`#[apply]` needs the type of the events\n  help: write `#[apply(AccountEvent)]`".into()
}

pub(crate) fn not_a_type() -> String {
    "expected the type of the events\n  help: write `#[apply(AccountEvent)]`".into()
}

pub(crate) fn not_mut_self(method: &str) -> String {
    format!(
        "`{method}` changes the state by one event, so it takes `&mut self`\n  \
         help: write `fn {method}(&mut self, ..)`; move other functions to an `impl` block of their own"
    )
}

pub(crate) fn asynchronous(method: &str) -> String {
    format!(
        "`{method}` cannot be async: replaying the same events must give the same state\n  \
         help: ask the outside world in a command handler and record the answer in the event"
    )
}

pub(crate) fn result(method: &str) -> String {
    format!(
        "`{method}` returns nothing: what has happened cannot fail any more\n  \
         help: write `fn {method}(&mut self, ..) {{ .. }}`"
    )
}

pub(crate) fn generic(method: &str) -> String {
    format!("`{method}` cannot be generic: the types of the fields are known\n  help: write them out")
}

pub(crate) fn by_value(name: &str, ty: &str) -> String {
    format!("the field `{name}` is borrowed from the event\n  help: write `{name}: &{ty}`")
}

pub(crate) fn by_mut(name: &str) -> String {
    format!("the field `{name}` is part of an event, which never changes\n  help: borrow it without `mut`")
}

pub(crate) fn not_a_name() -> String {
    "a parameter is the name of a field\n  help: write `name: &Type`, and take it apart in the body or with `#[on(..)]`"
        .into()
}

pub(crate) fn not_bound<'a>(name: &str, bound: impl IntoIterator<Item = &'a str>) -> String {
    let hint = did_you_mean(name, bound);
    format!("the pattern in `#[on(..)]` does not bind `{name}`{hint}\n  help: write `#[on(Variant({name}))]`")
}

pub(crate) fn not_a_pattern() -> String {
    "expected the pattern of a variant\n  \
     help: write `#[on(Variant)]`, `#[on(Variant { field })]` or `#[on(Variant(value))]`"
        .into()
}

pub(crate) fn by_in_pattern() -> String {
    "`#[on(..)]` in an `#[apply]` block takes a pattern and nothing else\n  \
     help: write `#[on(Variant { field })]`"
        .into()
}

pub(crate) fn two_patterns() -> String {
    "a method has one `#[on(..)]`\n  help: write the patterns as one: `#[on(First | Second)]`".into()
}

pub(crate) fn handled_twice(variant: &str, first: &str) -> String {
    format!(
        "`{variant}` is applied by `{first}` already\n  help: one method applies each variant; join the two"
    )
}

pub(crate) fn ignored_and_applied(variant: &str, method: &str) -> String {
    format!("`{variant}` is ignored and applied by `{method}`\n  help: keep one of them")
}

pub(crate) fn ignored_twice(variant: &str) -> String {
    format!("`{variant}` is ignored twice\n  help: keep one of them")
}

pub(crate) fn ignored_and_deleted(variant: &str) -> String {
    format!("`{variant}` is ignored and deletes the document\n  help: keep one of them")
}

pub(crate) fn deleted_twice(variant: &str) -> String {
    format!("`{variant}` deletes the document twice\n  help: name it once")
}
