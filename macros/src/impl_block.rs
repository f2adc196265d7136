//! An `impl` block of the user: signatures are read, bodies are passed through as they are.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::{
    Attribute, FnArg, Generics, Ident, Pat, Path, ReceiverKind, Signature, Token, Type, Visibility,
    WhereClause, braced,
    parse::{Parse, ParseStream, discouraged::Speculative},
    spanned::Spanned,
};

use crate::{attribute::take_attributes, driver::Input, errors::Errors};

/// `impl Type { .. }`
#[derive(Clone)]
pub(crate) struct ImplBlock {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) impl_token: Token![impl],
    pub(crate) generics: Generics,
    /// `Trait for`, where the block has one: none of our macros stands on such a block.
    pub(crate) of_trait: Option<Path>,
    pub(crate) ty: Type,
    pub(crate) items: Vec<Item>,
}

/// What stands in the block.
#[derive(Clone)]
pub(crate) enum Item {
    Method(Box<Method>),
    /// Constants, types, macro calls: passed through.
    Other(TokenStream),
}

/// A method: its signature and, unread, its body.
#[derive(Clone)]
pub(crate) struct Method {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

/// How a method takes the state.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Access {
    /// No `self`.
    None,
    /// `&self`
    Shared,
    /// `&mut self`
    Mutable,
    /// `self`, `self: Box<Self>`
    Owned,
}

/// `name: Type`
pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
}

impl ImplBlock {
    pub(crate) fn methods(&self) -> impl Iterator<Item = &Method> {
        self.items.iter().filter_map(|item| match item {
            Item::Method(method) => Some(&**method),
            Item::Other(_) => None,
        })
    }

    /// Takes the attributes of this name off every method, so that the block compiles without our macros.
    pub(crate) fn strip(mut self, attribute: &str) -> Self {
        for item in &mut self.items {
            if let Item::Method(method) = item {
                take_attributes(&mut method.attrs, attribute);
            }
        }
        self
    }
}

impl Method {
    /// How the state is taken.
    pub(crate) fn access(&self) -> Access {
        match self.signature.receiver().map(|receiver| &receiver.kind) {
            None => Access::None,
            Some(ReceiverKind::Reference(_, _, None)) => Access::Shared,
            Some(ReceiverKind::Reference(_, _, Some(_))) => Access::Mutable,
            Some(ReceiverKind::Typed(_, ty)) => match &**ty {
                Type::Reference(reference) if reference.mutability.is_some() => Access::Mutable,
                Type::Reference(_) => Access::Shared,
                _ => Access::Owned,
            },
            Some(_) => Access::Owned,
        }
    }

    /// The parameters after `self`; an argument that is not `name: Type` as it is written.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = Result<Parameter<'_>, &FnArg>> {
        self.signature.inputs.iter().filter(|arg| !matches!(arg, FnArg::Receiver(_))).map(|arg| {
            let FnArg::Typed(typed) = arg else { return Err(arg) };
            match &*typed.pat {
                Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
                    Ok(Parameter { name: &name.ident, ty: &typed.ty })
                }
                _ => Err(arg),
            }
        })
    }
}

impl Method {
    /// The types of the parameters after `self`, whatever their patterns, with these as text.
    pub(crate) fn types(&self) -> impl Iterator<Item = (String, &Type)> {
        self.signature.inputs.iter().filter_map(|arg| match arg {
            FnArg::Typed(typed) => Some((typed.pat.to_token_stream().to_string(), &*typed.ty)),
            FnArg::Receiver(_) => None,
        })
    }
}

impl Parse for ImplBlock {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let impl_token = input.parse()?;
        let mut generics: Generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
        let first: Type = input.parse()?;
        let (of_trait, ty) = if input.parse::<Option<Token![for]>>()?.is_some() {
            let Type::Path(path) = first else {
                return Err(syn::Error::new(first.span(), "expected a trait"));
            };
            (Some(path.path), input.parse()?)
        } else {
            (None, first)
        };
        generics.where_clause = input.parse::<Option<WhereClause>>()?;
        let body;
        braced!(body in input);
        let mut items = Vec::new();
        while !body.is_empty() {
            items.push(body.parse()?);
        }
        Ok(Self { attrs, impl_token, generics, of_trait, ty, items })
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        let attrs = ahead.call(Attribute::parse_outer)?;
        let visibility = ahead.parse()?;
        if ahead.fork().parse::<Signature>().is_err() && !ahead.peek(Token![fn]) && !ahead.peek(Token![async])
        {
            return Ok(Self::Other(input.parse::<syn::ImplItem>()?.into_token_stream()));
        }
        let signature = ahead.parse()?;
        let body: TokenTree = ahead.parse()?;
        input.advance_to(&ahead);
        Ok(Self::Method(Box::new(Method { attrs, visibility, signature, body: body.into() })))
    }
}

impl ToTokens for ImplBlock {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, impl_token, generics, of_trait, ty, items } = self;
        let (where_clause, of_trait) =
            (&generics.where_clause, of_trait.as_ref().map(|path| quote!(#path for)));
        tokens
            .append_all(quote!(#(#attrs)* #impl_token #generics #of_trait #ty #where_clause { #(#items)* }));
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Method(method) => method.to_tokens(tokens),
            Self::Other(other) => other.to_tokens(tokens),
        }
    }
}

impl ToTokens for Method {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, visibility, signature, body } = self;
        tokens.append_all(quote!(#(#attrs)* #visibility #signature #body));
    }
}

/// The block of a type's own that an attribute stands on; of what is none, and of a trait's, is said what it should be.
pub(crate) fn read(
    input: &Input,
    not_an_impl_block: fn() -> String,
    on_a_trait_impl: fn() -> String,
    errors: &mut Errors,
) -> Option<ImplBlock> {
    let is_impl = input.item.clone().into_iter().any(|token| token.to_string() == "impl");
    if !is_impl {
        errors.push_at(Span::call_site(), not_an_impl_block());
        return None;
    }
    let block: ImplBlock = errors.keep(syn::parse2(input.item.clone()))?;
    if let Some(path) = &block.of_trait {
        errors.push(path, on_a_trait_impl());
        return None;
    }
    Some(block)
}

/// The tokens with `Self` replaced by the type that it stands for, for use outside of the block.
pub(crate) fn without_self(tokens: impl ToTokens, ty: &Type) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => ty.to_token_stream(),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), without_self(group.stream(), ty));
            inner.set_span(group.span());
            TokenTree::from(inner).into()
        }
        other => other.into(),
    };
    tokens.into_token_stream().into_iter().map(replace).collect::<Vec<TokenStream>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn bodies_are_not_read() {
        let block: ImplBlock = syn::parse_quote! {
            #[cfg(all())]
            impl Account {
                const A: u8 = 1;
                #[on(Opened)]
                pub async fn opened(&mut self, owner: &String) { cmd. }
            }
        };
        assert_eq!(block.methods().count(), 1);
        assert_eq!(
            block.strip("on").to_token_stream().to_string(),
            quote! {
                #[cfg(all())]
                impl Account {
                    const A: u8 = 1;
                    pub async fn opened(&mut self, owner: &String) { cmd. }
                }
            }
            .to_string()
        );
    }

    #[test]
    fn self_is_replaced_at_every_depth() {
        let ty: Type = parse_quote!(Account);
        assert_eq!(
            without_self(quote!(Result<[Self; 2], <Self as A>::E>), &ty).to_string(),
            quote!(Result<[Account; 2], <Account as A>::E>).to_string()
        );
    }
}
