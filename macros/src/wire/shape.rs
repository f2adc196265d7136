//! Fields to the expression that describes their shape.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Type, spanned::Spanned};

use super::{WireField, WireFields};
use crate::naming::type_text;

/// From where the shape of a field's type is taken.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// From `Schema`, which must be implemented.
    Schema { private: &'a TokenStream },
    /// From `Schema` where it is implemented; elsewhere another error says that it is not.
    /// Types that have an alias, by their text, are named by it.
    Probe { private: &'a TokenStream, aliases: &'a [(String, Ident)] },
}

impl Source<'_> {
    fn private(&self) -> &TokenStream {
        match self {
            Self::Schema { private } | Self::Probe { private, .. } => private,
        }
    }

    fn of(&self, field: &WireField) -> TokenStream {
        let (ty, private) = (field.stored_type(), self.private());
        // What cannot be followed was refused.
        let recursive = field.recursion().and_then(|to| to.shape(ty, private, &|ty| self.of_type(ty)));
        recursive.unwrap_or_else(|| self.of_type(ty))
    }

    fn of_type(&self, ty: &Type) -> TokenStream {
        let private = self.private();
        match self {
            Self::Schema { .. } => quote_spanned!(ty.span()=> <#ty as #private::domain::Schema>::SHAPE),
            Self::Probe { aliases, .. } => {
                let text = type_text(ty);
                let ty = match aliases.iter().find(|(other, _)| *other == text) {
                    Some((_, alias)) => quote!(#alias),
                    None => quote!(#ty),
                };
                quote_spanned!(ty.span()=> #private::codec::Probe::<#ty>::SHAPE)
            }
        }
    }
}

impl Source<'_> {
    /// The shape of the one field that a transparent struct consists of.
    pub(crate) fn only(&self, fields: &[WireField]) -> Option<TokenStream> {
        fields.first().map(|field| self.of(field))
    }
}

/// The shape of these fields as a `&'static Shape`.
pub(crate) fn fields_shape(fields: &WireFields, source: Source<'_>) -> TokenStream {
    let private = source.private();
    match fields {
        WireFields::Unit => quote!(&#private::domain::Shape::Struct(&[])),
        WireFields::Newtype(field) => source.of(field),
        WireFields::Tuple(fields) => {
            let shapes = fields.iter().map(|field| source.of(field));
            quote!(&#private::domain::Shape::Tuple(&[#(#shapes),*]))
        }
        WireFields::Struct(fields) => {
            let fields = fields.iter().map(|field| {
                let (name, optional, shape) = (&field.name, field.optional, source.of(field));
                quote!(#private::domain::Field { name: #name, shape: #shape, optional: #optional })
            });
            quote!(&#private::domain::Shape::Struct(&[#(#fields),*]))
        }
    }
}

/// Assertions about these fields that only the types can answer: what may be left out must be an option.
pub(crate) fn needs(fields: &WireFields, source: Source<'_>) -> TokenStream {
    let private = source.private();
    let checks = fields.iter().filter_map(|field| {
        let key = field.must_be_option.as_ref()?;
        let shape = source.of(field);
        // The call as a whole must stand at the key to be reported there.
        let private = at(private, key.span());
        Some(quote_spanned! {key.span()=>
            const _: () = #private::codec::check_can_be_absent(#shape);
        })
    });
    checks.collect()
}

/// The same tokens, standing somewhere else.
fn at(tokens: &TokenStream, span: Span) -> TokenStream {
    let tokens = tokens.clone().into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    tokens.collect()
}
