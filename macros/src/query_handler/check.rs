//! The rules of `#[query_handler]`.

use std::collections::HashMap;

use super::model::Queries;
use crate::{
    errors::Errors,
    impl_block::{Access, Method},
    messages::query_handler as messages,
    naming::type_text,
    parameters::check_number,
};

pub(super) fn check(model: &Queries, errors: &mut Errors) {
    check_block_is_not_generic(model, errors);
    check_one_handler_per_query(model, errors);
    check_number(&model.dependencies, errors);
}

/// A handler is `fn name(query: Query, ..)`: it has no document before it has read one.
pub(super) fn check_method(method: &Method, errors: &mut Errors) {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    if method.access() != Access::None {
        errors.push(signature.receiver(), messages::takes_self(&name));
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, messages::generic(&name));
    }
}

/// There is one kind of document, so there is one block.
fn check_block_is_not_generic(model: &Queries, errors: &mut Errors) {
    if !model.block.generics.params.is_empty() {
        errors.push(&model.block.generics, messages::generic_block());
    }
}

/// A query is answered by one handler.
fn check_one_handler_per_query(model: &Queries, errors: &mut Errors) {
    let mut seen = HashMap::<String, String>::new();
    for handler in &model.handlers {
        let query = type_text(&handler.query);
        if let Some(first) = seen.get(&query) {
            errors.push(&handler.query, messages::second_handler(&query, first));
        } else {
            seen.insert(query, handler.name.to_string());
        }
    }
}
