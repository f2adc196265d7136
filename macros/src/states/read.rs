//! Reading what a method says of states.

use syn::{
    Attribute, FnArg, Ident, Path, ReturnType, Token, Type, bracketed,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
};

use super::{Gives, Impossible, Takes, Way};
use crate::{
    attribute::{Options, take_attributes},
    errors::Errors,
    impl_block::{Access, Method, Parameter},
    keywords::{FROM, IMPOSSIBLE, TO},
    messages::{apply as sentences, states as messages},
    naming::type_text,
};

/// Types that an event's field may have, and that are no states.
const NO_STATES: [&str; 20] = [
    "String", "str", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64", "Option", "Vec",
];

/// What a method of the block needs and makes. Takes `#[from(..)]` and `#[to(..)]` off it.
pub(crate) fn read_way(method: &mut Method, state: &Type, errors: &mut Errors) -> Option<Way> {
    let from = take_attributes(&mut method.attrs, FROM);
    let to = take_attributes(&mut method.attrs, TO);
    let before = errors.count();
    let (from, to) = (read_one(&from, FROM, errors), read_one(&to, TO, errors));
    if errors.count() > before {
        return None;
    }
    let takes = read_takes(method, from.is_some(), errors)?;
    let inside = inside(method, takes);
    let from = match (from, inside) {
        (Some(states), Some((name, _))) if states.len() > 1 => {
            errors.push(&states[1], messages::inside_of_several(&name));
            return None;
        }
        (Some(states), _) => states,
        (None, Some((_, Some(state)))) => vec![state],
        (None, Some((name, None))) => {
            errors.push(&method.signature.ident, messages::state_without_name(&name));
            return None;
        }
        (None, None) => Vec::new(),
    };
    let (gives, made) = read_gives(method, state, errors)?;
    let to = match (to, made) {
        (Some(states), Some(_)) if states.len() > 1 => {
            errors.push(&states[1], messages::makes_several(&method.signature.ident.to_string()));
            return None;
        }
        (Some(states), _) => states,
        (None, made) => made.into_iter().collect(),
    };
    let way = Way { takes, from, gives, to };
    super::check::check_way(method, &way, errors).then_some(way)
}

/// How the method takes the state; that of which nothing can be made is told.
fn read_takes(method: &Method, names_states: bool, errors: &mut Errors) -> Option<Takes> {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    match method.access() {
        Access::Mutable => Some(Takes::Borrowed),
        Access::Owned if names_states => Some(Takes::Owned),
        Access::Shared | Access::Owned => {
            errors.push(signature.receiver(), sentences::not_mut_self(&name));
            None
        }
        Access::None => Some(match method.types().next() {
            Some((name, ty)) => match ty {
                Type::Reference(reference) if reference.mutability.is_some() => Takes::BorrowedInside,
                Type::Reference(_) => Takes::Nothing,
                Type::Path(path)
                    if path
                        .path
                        .segments
                        .last()
                        .is_some_and(|last| NO_STATES.iter().any(|no_state| last.ident == *no_state)) =>
                {
                    errors.push(ty, sentences::by_value(&name, &type_text(ty)));
                    return None;
                }
                _ => Takes::OwnedInside,
            },
            _ => Takes::Nothing,
        }),
    }
}

/// The parameter that is what a state holds, and the state, if it is called as its content is.
fn inside(method: &Method, takes: Takes) -> Option<(String, Option<Ident>)> {
    let (name, ty) = method.types().next()?;
    let ty = match (takes, ty) {
        (Takes::BorrowedInside, Type::Reference(reference)) => &*reference.elem,
        (Takes::OwnedInside, ty) => ty,
        _ => return None,
    };
    Some((name, last_name(ty)))
}

/// The last name of a type.
fn last_name(ty: &Type) -> Option<Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.clone()),
        _ => None,
    }
}

/// What the method returns, and the state of that name where it is what is in one.
fn read_gives(method: &Method, state: &Type, errors: &mut Errors) -> Option<(Gives, Option<Ident>)> {
    let ReturnType::Type(_, ty) = &method.signature.output else { return Some((Gives::Nothing, None)) };
    let name = method.signature.ident.to_string();
    match &**ty {
        Type::Tuple(unit) if unit.elems.is_empty() => Some((Gives::Nothing, None)),
        _ if method.access() == Access::Mutable => {
            errors.push(ty, sentences::result(&name));
            None
        }
        Type::Path(path) if path.path.is_ident("Self") || type_text(ty) == type_text(state) => {
            Some((Gives::Whole, None))
        }
        Type::Path(path) => match path.path.segments.last().map(|last| &last.ident) {
            Some(last) if *last != "Result" && *last != "Option" => Some((Gives::Inside, Some(last.clone()))),
            _ => {
                errors.push(ty, messages::cannot_fail(&name));
                None
            }
        },
        _ => {
            errors.push(ty, messages::makes_no_state(&name));
            None
        }
    }
}

/// The states in the one attribute of this name.
pub(crate) fn read_one(attributes: &[Attribute], name: &str, errors: &mut Errors) -> Option<Vec<Ident>> {
    let (first, rest) = attributes.split_first()?;
    if let Some(second) = rest.first() {
        errors.push(second, messages::named_twice(name));
        return None;
    }
    read_states(first, name, errors)
}

/// `#[from(Draft, Placed)]`
fn read_states(attribute: &Attribute, name: &str, errors: &mut Errors) -> Option<Vec<Ident>> {
    let parser = Punctuated::<Ident, Token![,]>::parse_terminated;
    let states: Vec<Ident> = match &attribute.meta {
        syn::Meta::List(list) => {
            parser.parse2(list.tokens.clone()).map(|states| states.into_iter().collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    if states.is_empty() {
        errors.push(attribute, messages::not_states(name));
        return None;
    }
    for (place, state) in states.iter().enumerate() {
        if states[..place].contains(state) {
            errors.push(state, messages::state_twice(&state.to_string()));
            return None;
        }
    }
    Some(states)
}

/// `impossible(Shipped => [Placed, LineAdded], Cancelled => _)`
pub(crate) fn read_impossible(options: &mut Options, errors: &mut Errors) -> Vec<Impossible> {
    options
        .take_list::<Impossible>(IMPOSSIBLE, "impossible(State => [Event, Other])", errors)
        .unzip()
        .1
        .unwrap_or_default()
}

impl Parse for Impossible {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let state = input.parse()?;
        input.parse::<Token![=>]>()?;
        if input.parse::<Option<Token![_]>>()?.is_some() {
            return Ok(Self { state, events: None });
        }
        let events;
        bracketed!(events in input);
        let events = events.parse_terminated(Path::parse_mod_style, Token![,])?;
        Ok(Self { state, events: Some(events.into_iter().collect()) })
    }
}

/// The parameters of a method that are fields of the event: without what a state holds.
pub(crate) fn fields<'a>(
    method: &'a Method,
    takes: Takes,
) -> impl Iterator<Item = Result<Parameter<'a>, &'a FnArg>> {
    method.parameters().skip(usize::from(matches!(takes, Takes::BorrowedInside | Takes::OwnedInside)))
}
