//! What `#[apply]` says of documents beside how they change.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;

use super::model::Apply;
use crate::steps::plain;

/// Which variants do not matter, which end a document, and which field names it: as data, where anything is said.
pub(super) fn said(model: &Apply) -> TokenStream {
    let private = model.runtime.private();
    let names = |name: &str, paths: &[Path]| {
        let name = Ident::new(name, Span::call_site());
        let last = |path: &Path| path.segments.last().map(|last| plain(&last.ident));
        let variants: Vec<String> = paths.iter().filter_map(last).collect();
        (!variants.is_empty()).then(|| quote!(const #name: &'static [&'static str] = &[#(#variants),*];))
    };
    let (ignored, deleted) = (names("IGNORES", &model.ignored), names("DELETES", &model.deleted));
    let by = model.by.as_ref().map(|by| {
        let field = by.to_token_stream().to_string();
        let (field, some) =
            (field.strip_prefix("r#").unwrap_or(&field), quote!(#private::core::option::Option));
        quote!(const BY: #some<&'static str> = #some::Some(#field);)
    });
    quote!(#ignored #deleted #by)
}
