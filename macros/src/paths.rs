//! The path to the runtime in generated code.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

/// `::gesta`, or what `crate = path` says instead, for crates that re-export gesta under another name.
#[derive(Clone)]
pub(crate) struct Runtime(TokenStream);

impl Runtime {
    /// The runtime at this path, or where Cargo puts it.
    pub(crate) fn new(path: Option<&syn::Path>) -> Self {
        Self(match path {
            Some(path) => path.to_token_stream(),
            None => quote_spanned!(Span::call_site()=> ::gesta),
        })
    }

    /// The one door through which generated code enters the runtime.
    pub(crate) fn private(&self) -> TokenStream {
        let path = &self.0;
        quote_spanned!(Span::call_site()=> #path::__private)
    }

    /// The same, at the place of the user's own tokens: a mistake of theirs is then shown there and nowhere else.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        respan(self.private(), span.resolved_at(Span::call_site()))
    }

    /// The same, as if the user had written it there: what the compiler shows is that place and no macro. Only for
    /// constants, which name nothing of the user's.
    pub(crate) fn private_of(&self, span: Span) -> TokenStream {
        respan(self.private(), span)
    }
}

fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    let at = |mut token: TokenTree| {
        token.set_span(span);
        token
    };
    tokens.into_iter().map(at).collect()
}
