//! `#[derive(Schema)]`: the shape that serde gives a type, known at compile time.

mod check;
mod expand;
mod model;

use proc_macro2::TokenStream;

pub(crate) use self::expand::shape_if_known;

use crate::{
    driver::{Input, Macro},
    errors::Errors,
};

/// The derive `Schema`.
pub(crate) struct Schema;

impl Macro for Schema {
    type Model = model::SchemaType;

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
