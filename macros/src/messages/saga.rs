//! What `#[saga]` says.

use super::did_you_mean;

/// How a command step is written.
const COMMAND: &str = "a step that sends a command is written `fn name(&self) -> Dispatch<Id, Command>`";
/// How a foreign step is written.
const FOREIGN: &str =
    "a step that calls something outside is written `async fn name(&self, ..) -> Result<Output, Error>`";

pub(crate) fn not_an_impl_block() -> String {
    "`#[saga(..)]` stands on an `impl` block of the type that holds the saga's data\n  \
     help: write `#[saga(version = 1)] impl Transfer { .. }`"
        .into()
}

pub(crate) fn on_a_trait_impl() -> String {
    "`#[saga(..)]` stands on the saga's own `impl` block, not on that of a trait\n  \
     help: write `#[saga(version = 1)] impl Transfer { .. }`; `impl Saga` by hand needs no macro"
        .into()
}

pub(crate) fn generic_block() -> String {
    "a saga cannot be generic: its instances are read back by its name\n  help: write the types out".into()
}

pub(crate) fn too_many_versions(version: u64, older: usize) -> String {
    let next = older + 1;
    format!(
        "there cannot be {older} versions before version {version}\n  \
         help: raise it: `#[saga(version = {next}, from(..))]`; the last type in `from(..)` is the version before"
    )
}

pub(crate) fn bad_name() -> String {
    "a saga's name is not empty and has no `@`: the streams of its instances are called by it\n  \
     help: write `name = \"transfer\"`"
        .into()
}

pub(crate) fn no_steps() -> String {
    format!("this saga has no steps\n  help: mark its methods with `#[step(..)]`; {COMMAND}")
}

pub(crate) fn bad_step_name() -> String {
    "a step's name is not empty and has no `/`: it is part of the step's idempotency key\n  \
     help: write `name = \"debit\"`"
        .into()
}

pub(crate) fn step_name_taken(name: &str, first: &str) -> String {
    format!("the step `{first}` is stored as `{name}` already\n  help: give this one another `name = \"..\"`")
}

pub(crate) fn no_policy(step: &str) -> String {
    format!(
        "step `{step}` does not say what happens when a later step fails\n  \
         help: undo it with #[step(compensate = undo_{step})]\n  \
         help: or it needs no undoing: #[step(no_compensation = \"why\")]\n  \
         help: or the saga cannot go back after it: #[step(pivot)]\n  \
         help: or it comes after the pivot and is repeated until it works: #[step(retriable)]"
    )
}

pub(crate) fn two_policies(step: &str, first: &str, second: &str) -> String {
    format!(
        "step `{step}` is `{first}` and `{second}`, which do not go together\n  \
         help: keep the one that says what happens when a later step fails"
    )
}

pub(crate) fn empty_reason() -> String {
    "`no_compensation` says why nothing need be undone\n  \
     help: write the reason: `no_compensation = \"an unused reservation expires\"`"
        .into()
}

pub(crate) fn unknown_compensation<'a>(word: &str, methods: impl IntoIterator<Item = &'a str>) -> String {
    let hint = did_you_mean(word, methods);
    format!(
        "no compensation `{word}` in this saga{hint}\n  \
         help: write it into this block: `fn {word}(&self) -> Dispatch<Id, Command>`"
    )
}

pub(crate) fn compensated_by_a_step(word: &str) -> String {
    format!(
        "`{word}` is a step of this saga, and undoes none\n  \
         help: write a method without `#[step]` that undoes it; both may call a third"
    )
}

pub(crate) fn unknown_probe<'a>(word: &str, methods: impl IntoIterator<Item = &'a str>) -> String {
    let hint = did_you_mean(word, methods);
    format!(
        "no probe `{word}` in this saga{hint}\n  \
         help: write it into this block: \
         `async fn {word}(&self, key: &IdempotencyKey, ..) -> Result<Option<Output>, Error>`"
    )
}

pub(crate) fn probed_by_a_step(word: &str) -> String {
    format!(
        "`{word}` is a step of this saga, and probes none\n  help: write a method without `#[step]` for it"
    )
}

pub(crate) fn probe_of_a_command(step: &str) -> String {
    format!(
        "step `{step}` sends a command, which is stored once or not at all: there is nothing to probe\n  \
         help: leave `probe` out"
    )
}

pub(crate) fn probe_is_not_async(probe: &str) -> String {
    format!(
        "the probe `{probe}` asks the far side, so it is async\n  \
         help: write `async fn {probe}(&self, key: &IdempotencyKey, ..) -> Result<Option<Output>, Error>`"
    )
}

pub(crate) fn compensates_nothing(method: &str) -> String {
    format!("no step is undone by `{method}`\n  help: name it in the step: `#[step(compensate = {method})]`")
}

pub(crate) fn step_and_compensation(method: &str) -> String {
    format!(
        "`{method}` cannot be a step and a compensation\n  help: write two methods; both may call a third"
    )
}

pub(crate) fn neither(method: &str) -> String {
    format!(
        "`{method}` is neither a step nor the compensation or probe of one\n  \
         help: mark it with `#[step(..)]`, or move it to an `impl` block of its own"
    )
}

pub(crate) fn second_pivot(first: &str) -> String {
    format!(
        "a saga has one pivot, and `{first}` already is it\n  \
         help: the pivot is the last step that may fail; what comes after it is #[step(retriable)]"
    )
}

pub(crate) fn compensated_after(step: &str, boundary: &str) -> String {
    format!(
        "step `{step}` can be compensated but runs after {boundary}, from where the saga never goes back\n  \
         help: move it before that, or make it #[step(retriable)]"
    )
}

pub(crate) fn may_fail_after(step: &str, boundary: &str) -> String {
    format!(
        "step `{step}` needs no undoing but runs after {boundary}, from where every step must work in the end\n  \
         help: move it before that, or make it #[step(retriable)]"
    )
}

/// The step behind which a saga does not go back.
pub(crate) fn boundary(step: &str, is_pivot: bool) -> String {
    if is_pivot { format!("the pivot `{step}`") } else { format!("`{step}`, which is retriable") }
}

pub(crate) fn retriable_before(step: &str, pivot: &str) -> String {
    format!(
        "step `{step}` is repeated until it works but runs before the pivot `{pivot}`, which may fail\n  \
         help: move it behind `{pivot}`, or say how it is undone: #[step(compensate = undo_{step})]"
    )
}

pub(crate) fn no_self(method: &str) -> String {
    format!(
        "`{method}` belongs to an instance of the saga, so it takes `&self`\n  help: write `fn {method}(&self, ..)`"
    )
}

pub(crate) fn changes_data(method: &str) -> String {
    format!(
        "`{method}` cannot change the saga's data, which is stored once\n  \
         help: take `&self`, and return what later steps need: a parameter named like this step is its output"
    )
}

pub(crate) fn generic(method: &str) -> String {
    format!(
        "`{method}` cannot be generic: a saga goes on by the names of its steps\n  help: write the types out"
    )
}

pub(crate) fn no_result(method: &str) -> String {
    format!("`{method}` does not say what it does\n  help: {COMMAND}\n  help: {FOREIGN}")
}

pub(crate) fn not_a_type(method: &str) -> String {
    format!("`{method}` does not return a type with a name\n  help: {COMMAND}\n  help: {FOREIGN}")
}

pub(crate) fn not_a_result(method: &str) -> String {
    format!(
        "`{method}` is async and does not say whether it has failed\n  help: {FOREIGN}\n  \
         help: `std::convert::Infallible` is the error of one that never fails"
    )
}

pub(crate) fn async_command(method: &str) -> String {
    format!(
        "`{method}` sends a command, so it is not async: the same data must send the same command again\n  \
         help: {COMMAND}; what it needs from outside is the output of an earlier step"
    )
}

pub(crate) fn sync_result(method: &str) -> String {
    format!(
        "`{method}` is not async, so it sends a command and cannot fail\n  help: {COMMAND}\n  help: {FOREIGN}"
    )
}

pub(crate) fn command_with_dependency(method: &str, name: &str, hint: &str) -> String {
    format!(
        "`{method}` sends a command, so it decides from the saga's data and earlier outputs alone: `{name}` is neither{hint}\n  \
         help: ask for it in the command's handler, or in an async step before this one"
    )
}

pub(crate) fn not_a_step(name: &str, ty: &str, steps: &[&str]) -> String {
    let first = steps.first().copied().unwrap_or_default();
    let of = steps.iter().map(|step| format!("`{step}`")).collect::<Vec<_>>().join(" and ");
    let step = if steps.len() == 1 { "step" } else { "steps" };
    format!(
        "`{name}` is not a step; `{ty}` is the output of {step} {of}\n  \
         help: name the parameter after the step: `{first}: &{ty}`"
    )
}

pub(crate) fn output_by_value(step: &str, ty: &str) -> String {
    format!("the output of step `{step}` is borrowed: it is kept\n  help: write `{step}: &{ty}`")
}

pub(crate) fn uses_later(method: &str, step: &str) -> String {
    format!(
        "`{method}` uses the output of step `{step}`, which has not run by then\n  \
         help: steps run in the order in which they are written"
    )
}

pub(crate) fn uses_itself(method: &str) -> String {
    format!(
        "`{method}` uses its own output, which is not there yet\n  \
         help: its compensation may use it, as may later steps"
    )
}

pub(crate) fn undoes_without(compensation: &str, of: &str, step: &str) -> String {
    format!(
        "`{compensation}` undoes step `{of}`, and step `{step}` may not have run by then\n  \
         help: a compensation may use the output of its own step and of those before it"
    )
}

pub(crate) fn not_a_start_pattern() -> String {
    "a saga starts on the pattern of a variant, with the name of its enum\n  \
     help: write `#[start(Event::Variant { field })]` on a function that returns `Self`, or `#[saga(on = Event::Variant)]`"
        .into()
}

pub(crate) fn start_without_enum() -> String {
    "a saga may start on several types of event, so the enum is named\n  \
     help: write `#[start(Event::Variant)]`"
        .into()
}

pub(crate) fn each_without_on() -> String {
    "`each` says that every event of `on` starts a saga of its own\n  \
     help: write `#[saga(on = Event::Variant, each)]`, or `#[start(Event::Variant, each)]` on the function"
        .into()
}

pub(crate) fn no_start(saga: &str) -> String {
    format!(
        "nothing makes a `{saga}` of the event\n  \
         help: write a function into this block: `fn start(id: &Id, field: &Type) -> Self`"
    )
}

pub(crate) fn second_start(function: &str, first: &str) -> String {
    format!(
        "`on` is for one function, and `{first}` is it; what is `{function}`?\n  \
         help: leave `on` out, and say it on each: `#[start(Event::Variant)] fn {function}(..) -> Self`"
    )
}

pub(crate) fn started_twice(variant: &str, first: &str) -> String {
    format!(
        "`{first}` starts the saga on `{variant}` already\n  help: an event starts one instance; join the two"
    )
}

pub(crate) fn two_starts() -> String {
    "one function starts the saga by one `#[start(..)]`\n  \
     help: write the patterns as one: `#[start(Event::First | Event::Second)]`"
        .into()
}

pub(crate) fn start_and_step(method: &str) -> String {
    format!("`{method}` cannot start the saga and be part of it\n  help: write two methods")
}

pub(crate) fn start_with_self(function: &str) -> String {
    format!(
        "`{function}` makes the saga, so there is no `self` yet\n  help: write `fn {function}(field: &Type) -> Self`"
    )
}

pub(crate) fn async_start(function: &str) -> String {
    format!(
        "`{function}` cannot be async: the same event must start the same saga again\n  \
         help: ask what is outside in the saga's first step"
    )
}

pub(crate) fn start_of_nothing(function: &str) -> String {
    format!("`{function}` does not return the saga\n  help: write `-> Self`, or `-> Option<Self>`")
}

pub(crate) fn unknown_at_start<'a>(name: &str, bound: impl IntoIterator<Item = &'a str>) -> String {
    let hint = did_you_mean(name, bound);
    format!(
        "`{name}` is nothing that the pattern binds, nor `id` or `&Meta`{hint}\n  \
         help: a saga is made of the event alone: bind a field with `#[start(Event::Variant {{ {name} }})]`\n  \
         help: what it needs of the application is for its steps"
    )
}
