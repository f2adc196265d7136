//! The rules of `#[command_handler]`.

use std::collections::HashMap;

use quote::ToTokens;
use syn::Type;

use super::model::{Handlers, first_lifetime};
use crate::{
    errors::Errors,
    impl_block::{Access, Method},
    messages::command_handler as messages,
    naming::type_text,
};

/// As many as `Supply` is implemented for.
const MOST_DEPENDENCIES: usize = 16;

pub(super) fn check(model: &Handlers, errors: &mut Errors) {
    check_block_is_not_generic(model, errors);
    check_one_handler_per_command(model, errors);
    check_number_of_dependencies(model, errors);
}

/// A handler is `fn name(&self, cmd: Command, ..)` or `fn name(cmd: Command, ..)`.
pub(super) fn check_method(method: &Method, errors: &mut Errors) {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    match method.access() {
        Access::Mutable => errors.push(signature.receiver(), messages::changes_state(&name)),
        Access::Owned => errors.push(signature.receiver(), messages::takes_state(&name)),
        Access::None | Access::Shared => {}
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, messages::generic(&name));
    }
}

/// What outlives the call has no lifetime but `'static`.
pub(super) fn check_no_lifetime(ty: &Type, message: &str, errors: &mut Errors) {
    if let Some(span) = first_lifetime(ty.to_token_stream()) {
        errors.push_at(span, message);
    }
}

/// There is one state, so there is one block.
fn check_block_is_not_generic(model: &Handlers, errors: &mut Errors) {
    if !model.block.generics.params.is_empty() {
        errors.push(&model.block.generics, messages::generic_block());
    }
}

/// A command is decided by one handler.
fn check_one_handler_per_command(model: &Handlers, errors: &mut Errors) {
    let mut seen = HashMap::<String, String>::new();
    for handler in &model.handlers {
        let command = type_text(&handler.command);
        if let Some(first) = seen.get(&command) {
            errors.push(&handler.command, messages::second_handler(&command, first));
        } else {
            seen.insert(command, handler.name.to_string());
        }
    }
}

/// Tuples end somewhere.
fn check_number_of_dependencies(model: &Handlers, errors: &mut Errors) {
    if let Some(first_too_many) = model.dependencies.get(MOST_DEPENDENCIES) {
        errors.push(&first_too_many.ty, messages::too_many_dependencies(MOST_DEPENDENCIES));
    }
}
