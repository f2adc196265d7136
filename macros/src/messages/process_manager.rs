//! What `#[process_manager]` says.

use super::did_you_mean;

/// How a reaction is written.
const FORM: &str = "write `#[on(Event::Variant { field })] fn name(&mut self, field: &Type, ..) -> Option<Dispatch<Id, Command>>`";

pub(crate) fn not_an_impl_block() -> String {
    "`#[process_manager(..)]` stands on an `impl` block of the type that holds the state\n  \
     help: write `#[process_manager(key = AccountId)] impl Dormancy { .. }`"
        .into()
}

pub(crate) fn on_a_trait_impl() -> String {
    "`#[process_manager(..)]` stands on the state's own `impl` block, not on that of a trait\n  \
     help: write `#[process_manager(key = AccountId)] impl Dormancy { .. }`; `impl ProcessManager` by hand needs no macro"
        .into()
}

pub(crate) fn generic_block() -> String {
    "a process manager cannot be generic: its states are read back by its name\n  help: write the types out"
        .into()
}

pub(crate) fn no_key() -> String {
    "a process manager does not say what its instances are found by\n  \
     help: write `#[process_manager(key = AccountId)]`, with the id of the events' streams or with another key"
        .into()
}

pub(crate) fn bad_name() -> String {
    "a process manager's name is not empty and has no `@`: its states are kept under it\n  \
     help: write `name = \"dormancy\"`"
        .into()
}

pub(crate) fn no_reactions() -> String {
    format!("this process manager reacts to no event\n  help: {FORM}")
}

pub(crate) fn neither(method: &str) -> String {
    format!(
        "`{method}` does not say what it reacts to\n  \
         help: write `#[on(Event::Variant)]` or `#[deadline]` on it, or move it to an `impl` block of its own"
    )
}

pub(crate) fn both(method: &str) -> String {
    format!(
        "`{method}` cannot react to an event and to a deadline\n  help: write two methods; both may call a third"
    )
}

pub(crate) fn two_patterns() -> String {
    "one method reacts by one `#[on(..)]`\n  help: write the patterns as one: `#[on(Event::First | Event::Second)]`"
        .into()
}

pub(crate) fn not_a_pattern() -> String {
    "a process manager reacts to the pattern of a variant, with the name of its enum\n  \
     help: write `#[on(Event::Variant)]`, `#[on(Event::Variant { field })]` or `#[on(Event::Variant, by = field)]`"
        .into()
}

pub(crate) fn no_enum() -> String {
    "a process manager may react to several types of event, so the enum is named\n  \
     help: write `#[on(Event::Variant)]`"
        .into()
}

pub(crate) fn handled_twice(variant: &str, first: &str) -> String {
    format!(
        "`{first}` reacts to `{variant}` already\n  \
         help: join the two: the state changes once for each event, and may be followed by several commands"
    )
}

pub(crate) fn no_self(method: &str) -> String {
    format!(
        "`{method}` reacts for one instance, so it takes `&mut self`\n  help: write `fn {method}(&mut self, ..)`"
    )
}

pub(crate) fn takes_state(method: &str) -> String {
    format!("`{method}` cannot take the state away: it is kept\n  help: take `&mut self`")
}

pub(crate) fn asynchronous(method: &str) -> String {
    format!(
        "`{method}` cannot be async: a process manager decides from its state and the event, and may have to decide again\n  \
         help: call what is outside in an event handler or in a step of a saga, and send a command from here"
    )
}

pub(crate) fn generic(method: &str) -> String {
    format!("`{method}` cannot be generic: the types of the events are known\n  help: write the types out")
}

pub(crate) fn unnamed_reaction(method: &str) -> String {
    format!(
        "what `{method}` returns needs a type with a name\n  \
         help: write it out, such as `Vec<Dispatch<Id, Command>>`; what sends nothing returns nothing"
    )
}

pub(crate) fn unknown_parameter<'a>(name: &str, bound: impl IntoIterator<Item = &'a str>) -> String {
    let hint = did_you_mean(name, bound);
    format!(
        "`{name}` is nothing that the pattern binds, nor `id`, `key` or `&Meta`{hint}\n  \
         help: a process manager decides from its state and the event: bind a field with `#[on(Event::Variant {{ {name} }})]`\n  \
         help: what it needs of the application is for the handler of the command that it sends"
    )
}

pub(crate) fn deadline_parameter(name: &str) -> String {
    format!(
        "`{name}` is not there when a deadline comes: there is only the state, and `key`\n  \
         help: keep in the state what is needed, when the deadline is set"
    )
}

pub(crate) fn bad_deadline_name() -> String {
    "a deadline's name is not empty: it is stored while the time runs\n  help: write `name = \"quiet_too_long\"`"
        .into()
}

pub(crate) fn deadline_name_taken(name: &str, first: &str) -> String {
    format!(
        "the deadline `{first}` is stored as `{name}` already\n  help: give this one another `name = \"..\"`"
    )
}
