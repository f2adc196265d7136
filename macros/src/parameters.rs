//! What handlers ask for by `name: &Type`, and the dependencies among it.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, GenericArgument, Ident, PathArguments, Type, spanned::Spanned};

use crate::{
    errors::Errors,
    impl_block::{Parameter, without_self},
    messages::parameters as messages,
    naming::type_text,
};

/// As many as `Supply` is implemented for.
const MOST_DEPENDENCIES: usize = 16;

/// What the application provides by its type.
#[derive(Clone)]
pub(crate) struct Dependency {
    /// What is behind the `&`.
    pub(crate) ty: Type,
}

impl Dependency {
    /// The dependency behind a reference of this name.
    pub(crate) fn read(name: &str, ty: &Type, outside: Type, errors: &mut Errors) -> Option<Self> {
        if matches!(ty, Type::ImplTrait(_) | Type::Infer(_)) {
            errors.push(ty, messages::anonymous_dependency(name));
            return None;
        }
        check_no_lifetime(ty, &messages::dependency_lifetime(name), errors);
        Some(Self { ty: outside })
    }

    pub(crate) fn key(&self) -> String {
        self.ty.to_token_stream().to_string()
    }
}

/// What stands behind the `&` of `name: &Type`, as it is written in the block and as it is called outside of it.
pub(crate) struct Borrowed<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) inner: &'a Type,
    pub(crate) outside: Type,
}

/// Reads a parameter that is borrowed, or says why it is none.
pub(crate) fn read_borrowed<'a>(
    input: Result<Parameter<'a>, &'a FnArg>,
    state: &Type,
    errors: &mut Errors,
) -> Option<Borrowed<'a>> {
    let parameter = match input {
        Ok(parameter) => parameter,
        Err(other) => {
            errors.push(other, messages::not_a_name());
            return None;
        }
    };
    let name = parameter.name.to_string();
    let Type::Reference(reference) = parameter.ty else {
        let ty = type_text(parameter.ty);
        let message =
            if name == "id" { messages::owned_id(&ty) } else { messages::owned_dependency(&name, &ty) };
        errors.push(parameter.ty, message);
        return None;
    };
    let inner = &*reference.elem;
    if reference.mutability.is_some() {
        errors.push(parameter.ty, messages::mutable_dependency(&name, &type_text(inner)));
        return None;
    }
    let outside = syn::parse2(without_self(inner, state)).unwrap_or_else(|_| inner.clone());
    Some(Borrowed { name: parameter.name, inner, outside })
}

/// Whether a type has this name, by whatever path.
pub(crate) fn is_called(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// The types in the angle brackets behind a type's last name.
pub(crate) fn last_arguments(ty: &Type) -> Vec<&Type> {
    let Type::Path(path) = ty else { return Vec::new() };
    let arguments = path.path.segments.last().map(|last| &last.arguments);
    let Some(PathArguments::AngleBracketed(list)) = arguments else { return Vec::new() };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// Where it is said what cannot be sent: at the command of a `Dispatch<Id, Command>`, however it is wrapped.
pub(crate) fn command_span(ty: &Type) -> Span {
    let arguments = last_arguments(ty);
    match &arguments[..] {
        [_, command] if is_called(ty, "Dispatch") => command.span(),
        [inner] if is_called(ty, "Option") || is_called(ty, "Vec") => command_span(inner),
        _ => ty.span(),
    }
}

/// Whether a `Dispatch` is in it.
pub(crate) fn sends(ty: &Type) -> bool {
    is_called(ty, "Dispatch") || last_arguments(ty).into_iter().any(sends)
}

/// Each of them once, in the order in which they are first asked for.
pub(crate) fn union<'a>(dependencies: impl Iterator<Item = &'a Dependency>) -> Vec<Dependency> {
    let mut all: Vec<Dependency> = Vec::new();
    for dependency in dependencies {
        if !all.iter().any(|known| known.key() == dependency.key()) {
            all.push(dependency.clone());
        }
    }
    all
}

/// Tuples end somewhere.
pub(crate) fn check_number(dependencies: &[Dependency], errors: &mut Errors) {
    if let Some(first_too_many) = dependencies.get(MOST_DEPENDENCIES) {
        errors.push(&first_too_many.ty, messages::too_many_dependencies(MOST_DEPENDENCIES));
    }
}

/// `(&'d A, &'d B)`
pub(crate) fn tuple<'a>(
    private: &TokenStream,
    dependencies: impl Iterator<Item = &'a Dependency>,
) -> TokenStream {
    let types = dependencies.map(|dependency| {
        let ty = &dependency.ty;
        match ty {
            // Behind a plain `&'d`, `dyn Trait` would mean `dyn Trait + 'd`.
            Type::TraitObject(_) => quote_spanned!(ty.span()=> #private::Dependency<'d, #ty>),
            _ => quote_spanned!(ty.span()=> &'d #ty),
        }
    });
    quote!((#(#types,)*))
}

/// The name of a dependency by its place among all.
pub(crate) fn place(index: usize) -> Ident {
    format_ident!("d{index}")
}

/// The name of a dependency among all of these.
pub(crate) fn place_of(dependency: &Dependency, all: &[Dependency]) -> Ident {
    place(all.iter().position(|known| known.key() == dependency.key()).unwrap_or_default())
}

/// What outlives the call has no lifetime but `'static`.
pub(crate) fn check_no_lifetime(ty: &Type, message: &str, errors: &mut Errors) {
    if let Some(span) = first_lifetime(ty.to_token_stream()) {
        errors.push_at(span, message);
    }
}

/// What stands in a lifetime's place, if any.
fn first_lifetime(tokens: TokenStream) -> Option<Span> {
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => match tokens.next() {
                Some(TokenTree::Ident(name)) if name == "static" => {}
                _ => return Some(punct.span()),
            },
            TokenTree::Group(group) => {
                if let Some(found) = first_lifetime(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

/// The type with `'static` for every lifetime.
pub(crate) fn forever(ty: &Type) -> Type {
    fn replace(tokens: TokenStream) -> TokenStream {
        let mut after_quote = false;
        let replace = |token| match token {
            TokenTree::Ident(name) if after_quote => {
                after_quote = false;
                TokenTree::Ident(Ident::new("static", name.span()))
            }
            TokenTree::Punct(punct) => {
                after_quote = punct.as_char() == '\'';
                TokenTree::Punct(punct)
            }
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), replace(group.stream())))
            }
            other => other,
        };
        tokens.into_iter().map(replace).collect()
    }
    syn::parse2(replace(ty.to_token_stream())).unwrap_or_else(|_| ty.clone())
}
