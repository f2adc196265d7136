//! What `#[command_handler]` says.

/// How a handler is written.
const FORM: &str =
    "write `fn name(&self, cmd: Command) -> Result<Event, Error>`; without `&self` the command creates";

pub(crate) fn not_an_impl_block() -> String {
    "`#[command_handler]` stands on an `impl` block of the aggregate\n  \
     help: write `#[command_handler] impl Account { .. }`"
        .into()
}

pub(crate) fn on_a_trait_impl() -> String {
    "`#[command_handler]` stands on the aggregate's own `impl` block, not on that of a trait\n  \
     help: write `#[command_handler] impl Account { .. }`"
        .into()
}

pub(crate) fn no_handlers() -> String {
    format!("there is no handler in this block\n  help: {FORM}")
}

pub(crate) fn generic_block() -> String {
    "the handlers of an aggregate cannot be generic, as the aggregate is not\n  help: write the types out"
        .into()
}

pub(crate) fn generic(handler: &str) -> String {
    format!(
        "the handler `{handler}` cannot be generic: it is found by the type of its command\n  \
         help: write one handler for each command"
    )
}

pub(crate) fn changes_state(handler: &str) -> String {
    format!(
        "the handler `{handler}` cannot change the state: it decides, and the events that it returns change it\n  \
         help: take `&self`, return an event, and change the state in `#[apply(..)]`"
    )
}

pub(crate) fn takes_state(handler: &str) -> String {
    format!("the handler `{handler}` cannot take the state away\n  help: take `&self`")
}

pub(crate) fn no_command(handler: &str) -> String {
    format!("the handler `{handler}` takes no command\n  help: {FORM}")
}

pub(crate) fn borrowed_command(command: &str) -> String {
    format!("the command comes first, and by value\n  help: write `cmd: {command}`")
}

pub(crate) fn not_a_command() -> String {
    format!("a command is a type with a name\n  help: {FORM}")
}

pub(crate) fn command_lifetime() -> String {
    "a command owns what it holds: it may wait in a queue\n  help: give it owned fields and no lifetime"
        .into()
}

pub(crate) fn no_result(handler: &str) -> String {
    format!("the handler `{handler}` does not say what it decides\n  help: {FORM}")
}

pub(crate) fn not_a_result(handler: &str) -> String {
    format!(
        "the handler `{handler}` returns no `Result`\n  \
         help: write `Result<Event, Error>`; `std::convert::Infallible` is the error of a handler that never rejects"
    )
}

pub(crate) fn second_handler(command: &str, first: &str) -> String {
    format!(
        "`{command}` is handled by `{first}` already\n  \
         help: one handler decides about a command; join the two, or give one of them a command of its own"
    )
}

pub(crate) fn state_not_named(name: &str, ty: &str) -> String {
    format!(
        "`{name}` is borrowed, and stands before the command\n  \
         help: if it is what a state holds, name the state: `#[state({ty})]`; else the command comes first"
    )
}

pub(crate) fn takes_inside(name: &str, ty: &str) -> String {
    format!(
        "`{name}` is what the state holds: a handler decides and cannot take it away\n  help: write `{name}: &{ty}`"
    )
}
