//! `#[process_manager]` on an `impl` block: how a state reacts to events and deadlines.

mod check;
mod describe;
mod expand;
mod model;

use proc_macro2::TokenStream;

use crate::{
    driver::{Input, Macro},
    errors::Errors,
};

pub(crate) struct ProcessManagerMacro;

impl Macro for ProcessManagerMacro {
    type Model = model::Process;

    fn read(input: &Input, errors: &mut Errors) -> Option<Self::Model> {
        model::read(input, errors)
    }

    fn check(model: &Self::Model, errors: &mut Errors) {
        check::check(model, errors);
    }

    fn expand(model: &Self::Model) -> TokenStream {
        expand::expand(model)
    }

    fn fallback(input: &Input, model: Option<&Self::Model>) -> TokenStream {
        expand::fallback(input, model)
    }
}
