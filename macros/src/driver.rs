//! The one pipeline that every macro runs through: read, check, expand, or report and fall back.

use proc_macro2::TokenStream;

use crate::errors::Errors;

/// A macro: how its input becomes its output.
pub(crate) trait Macro {
    /// What the input says, in own types.
    type Model;

    /// Tokens to model. `None` where nothing can be made of the input; the reason is in `errors`.
    fn read(input: &Input, errors: &mut Errors) -> Option<Self::Model>;

    /// Rules that need more than one attribute or item to be seen.
    fn check(model: &Self::Model, errors: &mut Errors);

    /// Model to tokens. Cannot fail: all doubt is settled before.
    fn expand(model: &Self::Model) -> TokenStream;

    /// What stands in for the expansion when the input has a mistake: the user's item without our attributes
    /// and stub impls, so that code which uses the item is not in error as well.
    fn fallback(input: &Input, model: Option<&Self::Model>) -> TokenStream;
}

/// What a macro is given.
pub(crate) struct Input {
    /// What stands in the attribute's parentheses; empty for a derive.
    pub(crate) args: TokenStream,
    /// The item that it stands on.
    pub(crate) item: TokenStream,
}

/// Runs an attribute macro, or with empty `args` a derive.
pub(crate) fn run<M: Macro>(args: TokenStream, item: TokenStream) -> TokenStream {
    let input = Input { args, item };
    let mut errors = Errors::new();
    let model = M::read(&input, &mut errors);
    if let Some(model) = &model {
        M::check(model, &mut errors);
        if errors.is_empty() {
            return M::expand(model);
        }
    }
    let mut tokens = errors.into_tokens();
    tokens.extend(M::fallback(&input, model.as_ref()));
    tokens
}
