//! `#[saga]` on an `impl` block: the steps of a saga, and how each is undone.

mod check;
mod describe;
mod expand;
mod locked;
mod model;

use proc_macro2::TokenStream;

use crate::{
    driver::{Input, Macro},
    errors::Errors,
};

pub(crate) struct SagaMacro;

impl Macro for SagaMacro {
    type Model = model::Saga;

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
