//! What `#[apply]` and `#[command_handler]` say of states.

pub(crate) fn not_states(attribute: &str) -> String {
    format!(
        "`#[{attribute}(..)]` names states\n  help: write `#[{attribute}(Draft)]` or `#[{attribute}(Draft, Placed)]`"
    )
}

pub(crate) fn named_twice(attribute: &str) -> String {
    format!(
        "a method has one `#[{attribute}(..)]`\n  help: name all states in it: `#[{attribute}(Draft, Placed)]`"
    )
}

pub(crate) fn state_twice(state: &str) -> String {
    format!("the state `{state}` is named twice\n  help: keep one of them")
}

pub(crate) fn inside_of_several(name: &str) -> String {
    format!(
        "`{name}` is what one state holds, and several are named\n  \
         help: take the whole, `&mut self` or `self`, or write one method for each state"
    )
}

pub(crate) fn makes_several(method: &str) -> String {
    format!("`{method}` returns what one state holds, and several are named\n  help: return `Self`")
}

pub(crate) fn stays_and_returns(method: &str) -> String {
    format!(
        "`{method}` changes what the state holds and stays in it, so it returns nothing\n  \
         help: take it without `&mut` to lead to another state"
    )
}

pub(crate) fn stays_and_leads(method: &str) -> String {
    format!(
        "`{method}` changes what the state holds and stays in it\n  \
         help: take it without `&mut`, and return the next state"
    )
}

pub(crate) fn neither_takes_nor_makes(method: &str) -> String {
    format!(
        "`{method}` neither changes a state nor makes one\n  \
         help: `fn {method}(&mut self, ..)` changes it, `fn {method}(..) -> Self` makes the first one; \
         move other functions to an `impl` block of their own"
    )
}

pub(crate) fn makes_nothing(method: &str) -> String {
    format!(
        "`{method}` leaves its state and does not say for which\n  \
         help: return `Self` or what the next state holds; `#[to(State)]` leads to one that holds nothing"
    )
}

pub(crate) fn cannot_fail(method: &str) -> String {
    format!(
        "`{method}` returns a state, and it cannot fail: what has happened has happened\n  \
         help: declare what cannot happen in a state: `#[apply(.., impossible(State => [Event]))]`"
    )
}

pub(crate) fn makes_no_state(method: &str) -> String {
    format!(
        "`{method}` returns no state\n  help: return `Self`, or what the next state holds, such as `-> Placed`"
    )
}

pub(crate) fn handled_twice_in(event: &str, state: &str, first: &str) -> String {
    format!(
        "`{event}` in the state `{state}` is applied by `{first}` already\n  help: one method applies each; join the two"
    )
}

pub(crate) fn impossible_state_twice(state: &str) -> String {
    format!(
        "what is impossible in `{state}` is listed already\n  help: write it as one list: `{state} => [..]`"
    )
}

pub(crate) fn final_and_applied(state: &str, method: &str) -> String {
    format!(
        "nothing follows on `{state}`, says `_`, and `{method}` is for it\n  \
         help: list the events that are impossible: `{state} => [..]`"
    )
}

pub(crate) fn impossible_twice(event: &str, state: &str) -> String {
    format!("`{event}` is listed as impossible in `{state}` twice\n  help: keep one of them")
}

pub(crate) fn impossible_and_applied(event: &str, state: &str, method: &str) -> String {
    format!("`{event}` is impossible in `{state}` and applied by `{method}`\n  help: keep one of them")
}

pub(crate) fn impossible_and_ignored(event: &str) -> String {
    format!(
        "`{event}` is impossible and ignored\n  help: what is ignored may happen in every state; keep one of them"
    )
}

pub(crate) fn state_without_name(name: &str) -> String {
    format!("which state holds `{name}` is not told by its type\n  help: name the state: `#[from(Draft)]`")
}
