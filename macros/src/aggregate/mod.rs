//! `#[aggregate(id = .., event = ..)]` on a struct or enum: its `impl Aggregate`, and to whom its id and events belong.

mod check;
mod expand;
mod model;

use proc_macro2::TokenStream;

use crate::{
    driver::{Input, Macro},
    errors::Errors,
};

pub(crate) struct AggregateMacro;

impl Macro for AggregateMacro {
    type Model = model::Aggregate;

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
