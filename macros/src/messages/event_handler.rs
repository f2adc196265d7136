//! What `#[event_handler]` says.

/// How a reaction is written.
const FORM: &str =
    "write `#[on(Event::Variant { field })] async fn name(field: &Type, ..) -> Result<(), Error>`";

pub(crate) fn not_an_impl_block() -> String {
    "`#[event_handler(..)]` stands on an `impl` block of a type that names the handler\n  \
     help: write `pub struct Statements; #[event_handler] impl Statements { .. }`"
        .into()
}

pub(crate) fn on_a_trait_impl() -> String {
    "`#[event_handler(..)]` stands on the handler's own `impl` block, not on that of a trait\n  \
     help: write `#[event_handler] impl Statements { .. }`; `impl EventHandler` by hand needs no macro"
        .into()
}

pub(crate) fn no_reactions() -> String {
    format!("this handler reacts to nothing\n  help: {FORM}")
}

pub(crate) fn generic_block() -> String {
    "an event handler cannot be generic: it goes on where its name has come to\n  help: write the types out"
        .into()
}

pub(crate) fn bad_name() -> String {
    "a handler's name is not empty and has no `@`: where it has come to is kept under it\n  \
     help: write `name = \"statements\"`"
        .into()
}

pub(crate) fn no_pattern(method: &str) -> String {
    format!(
        "`{method}` does not say which events it is for\n  \
         help: write `#[on(Event::Variant {{ field }})]` on it, or move it to an `impl` block of its own"
    )
}

pub(crate) fn two_patterns() -> String {
    "a reaction has one `#[on(..)]`\n  help: write the patterns as one: `#[on(Event::First | Event::Second)]`"
        .into()
}

pub(crate) fn not_a_pattern() -> String {
    "expected the pattern of a variant with the name of its enum\n  \
     help: write `#[on(Event::Variant)]`, `#[on(Event::Variant { field })]` or `#[on(Event::Variant(value))]`"
        .into()
}

pub(crate) fn more_than_a_pattern() -> String {
    "`#[on(..)]` of an event handler takes a pattern and nothing else\n  \
     help: how events are delivered is said by `#[event_handler(..)]`, for the whole handler"
        .into()
}

pub(crate) fn no_enum() -> String {
    "a handler may react to several types of event, so the enum is named\n  \
     help: write `Event::Variant`"
        .into()
}

pub(crate) fn takes_self(method: &str) -> String {
    format!(
        "the reaction `{method}` takes no `self`: a handler keeps nothing from event to event\n  \
         help: ask for what it needs as a dependency: `name: &Type`"
    )
}

pub(crate) fn generic(method: &str) -> String {
    format!(
        "the reaction `{method}` cannot be generic: the types of the event are known\n  help: write them out"
    )
}

pub(crate) fn no_result(method: &str) -> String {
    format!("the reaction `{method}` does not say whether it has failed\n  help: {FORM}")
}

pub(crate) fn not_a_result(method: &str) -> String {
    format!(
        "the reaction `{method}` returns no `Result`\n  \
         help: write `Result<(), Error>`; `std::convert::Infallible` is the error of one that never fails"
    )
}

pub(crate) fn handled_twice(variant: &str, first: &str) -> String {
    format!(
        "`{variant}` is handled by `{first}` already\n  \
         help: join the two, or make one of them a handler of its own, which is then repeated by itself"
    )
}

pub(crate) fn never_failed_with(error: &str) -> String {
    format!(
        "no reaction of this handler fails with `{error}`\n  help: name the errors that its methods return"
    )
}
