//! `#[derive(Id)]`: a struct around one value becomes an identity.

mod check;
mod expand;
mod model;

use proc_macro2::TokenStream;

use crate::{
    driver::{Input, Macro},
    errors::Errors,
};

/// The derive `Id`.
pub(crate) struct Id;

impl Macro for Id {
    type Model = model::IdStruct;

    fn read(input: &Input, errors: &mut Errors) -> Option<Self::Model> {
        model::read(input, errors)
    }

    fn check(model: &Self::Model, errors: &mut Errors) {
        check::check(model, errors);
    }

    fn expand(model: &Self::Model) -> TokenStream {
        expand::expand(model)
    }

    fn fallback(input: &Input, _model: Option<&Self::Model>) -> TokenStream {
        expand::fallback(input)
    }
}
