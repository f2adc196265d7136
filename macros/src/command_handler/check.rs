//! The rules of `#[command_handler]`.

use std::collections::HashMap;

use super::model::Handlers;
use crate::{
    errors::Errors,
    impl_block::{Access, Method},
    messages::command_handler as messages,
    naming::type_text,
    parameters::check_number,
};

pub(super) fn check(model: &Handlers, errors: &mut Errors) {
    check_block_is_not_generic(model, errors);
    check_one_handler_per_command(model, errors);
    check_number(&model.dependencies, errors);
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
