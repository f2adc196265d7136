//! What is known of the source that a macro stands in.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The package that is being compiled, as Cargo says it; empty without Cargo.
pub(crate) fn package() -> String {
    std::env::var("CARGO_PKG_NAME").unwrap_or_default()
}

/// The version of that package, as Cargo says it; empty without Cargo.
pub(crate) fn release() -> String {
    std::env::var("CARGO_PKG_VERSION").unwrap_or_default()
}

/// `const DOC`, where something is said: what the runtime has without it is that nothing is.
pub(crate) fn doc(attrs: &[Attribute]) -> Option<TokenStream> {
    let said = documentation(attrs);
    (!said.is_empty()).then(|| quote!(const DOC: &'static str = #said;))
}

/// `const DOCS`, or one of another name, where something is said of at least one.
pub(crate) fn docs(name: &str, docs: &[String]) -> Option<TokenStream> {
    let name = Ident::new(name, Span::call_site());
    docs.iter()
        .any(|doc| !doc.is_empty())
        .then(|| quote!(const #name: &'static [&'static str] = &[#(#docs),*];))
}

/// The text of the doc comments among these attributes, without the space that stands before every line.
pub(crate) fn documentation(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let line = |line: &str| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned();
    let lines: Vec<String> = lines.flat_map(|text| text.split('\n').map(line).collect::<Vec<_>>()).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn doc_comments_become_text() {
        let item: syn::ItemStruct = parse_quote! {
            /// First.
            ///
            ///   - indented
            #[derive(Debug)]
            #[doc = " last "]
            struct A;
        };
        assert_eq!(documentation(&item.attrs), "First.\n\n  - indented\nlast");
        assert_eq!(documentation(&[]), "");
    }
}
