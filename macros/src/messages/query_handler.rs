//! What `#[query_handler]` says.

/// How a handler is written.
const FORM: &str = "write `async fn name(query: Query, reader: &Reader) -> Result<Answer, ReadError>`";

pub(crate) fn not_an_impl_block() -> String {
    "`#[query_handler]` stands on an `impl` block of the projection\n  \
     help: write `#[query_handler] impl Balance { .. }`"
        .into()
}

pub(crate) fn on_a_trait_impl() -> String {
    "`#[query_handler]` stands on the projection's own `impl` block, not on that of a trait\n  \
     help: write `#[query_handler] impl Balance { .. }`"
        .into()
}

pub(crate) fn no_handlers() -> String {
    format!("there is no query handler in this block\n  help: {FORM}")
}

pub(crate) fn generic_block() -> String {
    "the query handlers of a projection cannot be generic, as the projection is not\n  \
     help: write the types out"
        .into()
}

pub(crate) fn generic(handler: &str) -> String {
    format!(
        "the query handler `{handler}` cannot be generic: it is found by the type of its query\n  \
         help: write one handler for each query"
    )
}

pub(crate) fn takes_self(handler: &str) -> String {
    format!(
        "the query handler `{handler}` has no document yet, so it takes no `self`\n  \
         help: read documents with `reader: &Reader`"
    )
}

pub(crate) fn no_query(handler: &str) -> String {
    format!("the handler `{handler}` takes no query\n  help: {FORM}")
}

pub(crate) fn reader_first() -> String {
    format!("the query comes first, before the reader\n  help: {FORM}")
}

pub(crate) fn borrowed_query(query: &str) -> String {
    format!("the query comes first, and by value\n  help: write `query: {query}`")
}

pub(crate) fn not_a_query() -> String {
    format!("a query is a type with a name\n  help: {FORM}")
}

pub(crate) fn query_lifetime() -> String {
    "a query owns what it holds: it may wait for a projection\n  help: give it owned fields and no lifetime"
        .into()
}

pub(crate) fn no_result(handler: &str) -> String {
    format!("the handler `{handler}` does not say what it answers\n  help: {FORM}")
}

pub(crate) fn not_a_result(handler: &str) -> String {
    format!(
        "the query handler `{handler}` returns no `Result`\n  \
         help: write `Result<Answer, ReadError>`, or an error of your own that is `From<ReadError>`"
    )
}

pub(crate) fn second_handler(query: &str, first: &str) -> String {
    format!(
        "`{query}` is answered by `{first}` already\n  \
         help: one handler answers a query; join the two, or give one of them a query of its own"
    )
}
