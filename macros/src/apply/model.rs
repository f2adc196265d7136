//! What `#[apply]` is told.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, Ident, Pat, Path, Type,
    parse::{ParseStream, Parser},
};

use crate::{
    attribute::{Options, take_attributes},
    driver::Input,
    errors::Errors,
    impl_block::{Access, ImplBlock, Item, Method},
    keywords::{BY, CRATE, IGNORE, ON},
    messages::apply as messages,
    naming::pascal_case,
    paths::Runtime,
};

const OWNER: &str = "apply";

pub(crate) struct Apply {
    /// The block without our attributes.
    pub(super) block: ImplBlock,
    pub(super) event: Type,
    pub(super) arms: Vec<Arm>,
    pub(super) ignored: Vec<Path>,
    pub(super) runtime: Runtime,
}

/// One method and the variants that it applies.
pub(crate) struct Arm {
    pub(super) method: Ident,
    pub(super) patterns: Vec<Variant>,
    pub(super) parameters: Vec<Ident>,
}

/// One variant of the event, and what of it is bound.
pub(crate) struct Variant {
    /// With or without the enum, as the user has written it.
    pub(super) path: Path,
    /// Whether no value of the variant is left for another arm.
    pub(super) takes_all: bool,
    pub(super) fields: Bound,
}

pub(crate) enum Bound {
    /// `Variant`: its fields are the parameters.
    ByName,
    /// `Variant { field: pattern, .. }`; parameters that it does not bind are fields.
    Fields(TokenStream, Vec<Ident>),
    /// `Variant(pattern, ..)`
    Places(TokenStream, Vec<Ident>),
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Apply> {
    let known = [IGNORE, BY, CRATE];
    let (first, mut options) = Options::read_after_first(input.args.clone(), OWNER, &known, errors);
    let block = read_block(input, errors)?;
    let event = read_event(first, errors)?;
    if let Some(by) = options.key(BY).cloned() {
        errors.push(by, messages::by_without_projection());
    }
    let ignored = options.take_list::<Path>(IGNORE, "ignore(Renamed, Closed)", errors);
    let runtime = Runtime::new(options.take_path(CRATE, errors).as_ref());
    let (block, arms) = read_arms(block, errors);
    Some(Apply { block, event, arms, ignored: ignored.map(|(_, names)| names).unwrap_or_default(), runtime })
}

fn read_block(input: &Input, errors: &mut Errors) -> Option<ImplBlock> {
    let is_impl = input.item.clone().into_iter().any(|token| token.to_string() == "impl");
    if !is_impl {
        errors.push_at(Span::call_site(), messages::not_an_impl_block());
        return None;
    }
    let block: ImplBlock = errors.keep(syn::parse2(input.item.clone()))?;
    if let Some(path) = &block.of_trait {
        errors.push(path, messages::on_a_trait_impl());
        return None;
    }
    Some(block)
}

fn read_event(first: Option<TokenStream>, errors: &mut Errors) -> Option<Type> {
    let Some(tokens) = first else {
        if errors.is_empty() {
            errors.push_at(Span::call_site(), messages::missing_event());
        }
        return None;
    };
    match syn::parse2(tokens.clone()) {
        Ok(Type::Path(path)) => Some(Type::Path(path)),
        _ => {
            errors.push(tokens, messages::not_a_type());
            None
        }
    }
}

/// Takes our attributes off the methods and reads what each applies.
fn read_arms(mut block: ImplBlock, errors: &mut Errors) -> (ImplBlock, Vec<Arm>) {
    let mut arms = Vec::new();
    for item in &mut block.items {
        let Item::Method(method) = item else { continue };
        let attributes = take_attributes(&mut method.attrs, ON);
        arms.extend(read_arm(method, &attributes, errors));
    }
    (block, arms)
}

fn read_arm(method: &Method, attributes: &[Attribute], errors: &mut Errors) -> Option<Arm> {
    let name = &method.signature.ident;
    let patterns = match attributes {
        [] => vec![Variant {
            takes_all: true,
            path: Ident::new(&pascal_case(&name.to_string()), name.span()).into(),
            fields: Bound::ByName,
        }],
        [on] => read_on(on, errors)?,
        [_, second, ..] => {
            errors.push(second, messages::two_patterns());
            return None;
        }
    };
    let before = errors.count();
    super::check::check_method(method, errors);
    if method.access() != Access::Mutable {
        return None;
    }
    let mut parameters = Vec::new();
    for parameter in method.parameters() {
        match parameter {
            Ok(parameter) => {
                super::check::check_borrowed(&parameter, errors);
                parameters.push(parameter.name.clone());
            }
            Err(other) => errors.push(other, messages::not_a_name()),
        }
    }
    (errors.count() == before).then(|| Arm { method: name.clone(), patterns, parameters })
}

/// `#[on(First { field } | Second(value))]`
fn read_on(on: &Attribute, errors: &mut Errors) -> Option<Vec<Variant>> {
    let tokens = match &on.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        other => {
            errors.push(other, messages::not_a_pattern());
            return None;
        }
    };
    let parser = |input: ParseStream<'_>| {
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        let rest: TokenStream = input.parse()?;
        Ok((pattern, rest))
    };
    let Ok((pattern, rest)) = parser.parse2(tokens.clone()) else {
        errors.push(on, messages::not_a_pattern());
        return None;
    };
    if !rest.is_empty() {
        errors.push(rest, messages::by_in_pattern());
        return None;
    }
    let alternatives = match pattern {
        Pat::Or(or) => or.cases.into_iter().collect(),
        other => vec![other],
    };
    let variants: Vec<_> = alternatives.iter().filter_map(|pattern| read_variant(pattern, errors)).collect();
    (variants.len() == alternatives.len()).then_some(variants)
}

fn read_variant(pattern: &Pat, errors: &mut Errors) -> Option<Variant> {
    let (path, fields) = match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none() => {
            (name.ident.clone().into(), Bound::ByName)
        }
        Pat::Path(path) if path.qself.is_none() => (path.path.clone(), Bound::ByName),
        Pat::Struct(fields) if fields.qself.is_none() => {
            let bound = fields.fields.iter().flat_map(|field| bindings(&field.pat)).collect();
            let inner = &fields.fields;
            (fields.path.clone(), Bound::Fields(with_comma(inner.to_token_stream()), bound))
        }
        Pat::TupleStruct(places) if places.qself.is_none() => {
            let bound = places.elems.iter().flat_map(bindings).collect();
            let rest = places.elems.iter().any(|place| matches!(place, Pat::Rest(_)));
            let inner = places.elems.to_token_stream();
            let inner = if rest { inner } else { with_rest(inner) };
            (places.path.clone(), Bound::Places(inner, bound))
        }
        other => {
            errors.push(other, messages::not_a_pattern());
            return None;
        }
    };
    Some(Variant { path, takes_all: takes_all(pattern), fields })
}

fn with_comma(tokens: TokenStream) -> TokenStream {
    match tokens.clone().into_iter().last() {
        Some(proc_macro2::TokenTree::Punct(punct)) if punct.as_char() == ',' => tokens,
        None => tokens,
        Some(_) => quote::quote!(#tokens,),
    }
}

fn with_rest(tokens: TokenStream) -> TokenStream {
    let inner = with_comma(tokens);
    quote::quote!(#inner ..)
}

/// Whether the pattern of a variant only binds and leaves out.
fn takes_all(pattern: &Pat) -> bool {
    let plain = |pattern: &Pat| match pattern {
        Pat::Ident(name) => name.subpat.is_none() && !is_constant(&name.ident),
        other => matches!(other, Pat::Wild(_) | Pat::Rest(_)),
    };
    match pattern {
        Pat::Struct(inner) => inner.fields.iter().all(|field| plain(&field.pat)),
        Pat::TupleStruct(inner) => inner.elems.iter().all(plain),
        _ => true,
    }
}

/// A name in capitals is a constant or a variant without fields.
fn is_constant(name: &Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}

/// The names that a pattern binds.
fn bindings(pattern: &Pat) -> Vec<Ident> {
    let all = |patterns: &mut dyn Iterator<Item = &Pat>| patterns.flat_map(bindings).collect();
    match pattern {
        Pat::Ident(name) if !is_constant(&name.ident) => {
            let inner = name.subpat.iter().flat_map(|(_, inner)| bindings(inner));
            std::iter::once(name.ident.clone()).chain(inner).collect()
        }
        Pat::Struct(inner) => all(&mut inner.fields.iter().map(|field| &*field.pat)),
        Pat::TupleStruct(inner) => all(&mut inner.elems.iter()),
        Pat::Tuple(inner) => all(&mut inner.elems.iter()),
        Pat::Slice(inner) => all(&mut inner.elems.iter()),
        Pat::Reference(inner) => bindings(&inner.pat),
        Pat::Paren(inner) => bindings(&inner.pat),
        Pat::Or(inner) => inner.cases.first().map(bindings).unwrap_or_default(),
        _ => Vec::new(),
    }
}
