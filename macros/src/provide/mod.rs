//! `#[derive(Provide)]`: the fields of a struct become the dependencies of handlers.

mod check;
mod expand;
mod model;

use proc_macro2::TokenStream;

use crate::{
    driver::{Input, Macro},
    errors::Errors,
};

/// The derive `Provide`.
pub(crate) struct Provide;

impl Macro for Provide {
    type Model = model::Provider;

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
        match model {
            // Of two dependencies with one type, the first.
            Some(model) => expand::expand(model),
            None => expand::anything(input),
        }
    }
}
