//! Where mistakes are collected, so that all of them are reported at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Mistakes found so far, each at the tokens that are to be changed.
///
/// It must be drained with [`Errors::into_tokens`]: a mistake that is found and then not reported is a bug of
/// the macro, which a debug build of this crate refuses.
pub(crate) struct Errors {
    found: Vec<syn::Error>,
    drained: bool,
}

impl Errors {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { found: Vec::new(), drained: false }
    }

    /// A mistake in these tokens.
    pub(crate) fn push(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.found.push(syn::Error::new_spanned(tokens, message));
    }

    /// A mistake at this place, where there are no tokens to show.
    pub(crate) fn push_at(&mut self, span: Span, message: impl Display) {
        self.found.push(syn::Error::new(span, message));
    }

    /// A mistake that the parser has found, in its own words.
    pub(crate) fn push_syn(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    /// The value, or its error on the list.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push_syn(error)).ok()
    }

    /// How many mistakes there are: compare before and after a step to know whether that step found one.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them as `compile_error!`, for the place of an item.
    pub(crate) fn into_tokens(mut self) -> TokenStream {
        self.drained = true;
        self.found.iter().map(syn::Error::to_compile_error).collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        // A panic of its own is on its way while unwinding; a second one would hide it.
        debug_assert!(
            self.drained || self.found.is_empty() || std::thread::panicking(),
            "mistakes were found and not reported"
        );
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn every_mistake_is_reported() {
        let mut errors = Errors::new();
        errors.push(quote!(a), "first");
        errors.push_at(Span::call_site(), "second");
        assert_eq!(errors.count(), 2);
        let text = errors.into_tokens().to_string();
        assert!(text.contains("first") && text.contains("second"), "{text}");
    }

    #[test]
    #[should_panic(expected = "not reported")]
    fn a_mistake_cannot_be_forgotten() {
        Errors::new().push(quote!(a), "forgotten");
    }
}
