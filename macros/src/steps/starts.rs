//! Reading the functions of a saga that make it from an event.

use proc_macro2::TokenStream;
use syn::{Attribute, Ident, ReturnType, Type};

use crate::{
    attribute::Options,
    errors::Errors,
    event_parameters::{self, EventParameter, There},
    impl_block::{Access, Method, without_self},
    keywords::{EACH, ON, START},
    messages::saga as messages,
    patterns::{self, Variant},
    source::documentation,
};

/// A function, and the variants that it makes the saga of.
pub(crate) struct Start {
    pub(crate) mark: StartMark,
    pub(crate) name: Ident,
    pub(crate) parameters: Vec<EventParameter>,
    /// `Self` or `Option<Self>`.
    pub(crate) result: Type,
    /// What is said of it.
    pub(crate) doc: String,
}

/// `#[start(Event::Variant { field }, each)]`
pub(crate) struct StartMark {
    pub(crate) patterns: Vec<Variant>,
    /// Whether each event starts an instance of its own, and not each stream.
    pub(crate) each: bool,
}

/// `#[saga(on = Event::Variant, each)]`, and the word `on`.
pub(crate) struct ShortMark {
    pub(crate) word: Ident,
    /// None where what it says has a mistake.
    pub(crate) mark: Option<StartMark>,
}

/// What the attribute on the block says of it.
pub(crate) fn read_short(options: &mut Options, errors: &mut Errors) -> Option<ShortMark> {
    let word = options.key(ON).cloned();
    let pattern = options.take::<TokenStream>(ON, "on = Event::Variant", errors);
    let each = options.take_flag(EACH, errors);
    let Some(word) = word else {
        if let Some(each) = each {
            errors.push(each, messages::each_without_on());
        }
        return None;
    };
    let patterns = pattern.and_then(|tokens| {
        let (patterns, rest) =
            patterns::read_pattern(tokens.clone(), &tokens, messages::not_a_start_pattern, errors)?;
        if !rest.is_empty() {
            errors.push(rest, messages::not_a_start_pattern());
            return None;
        }
        check_enums(&patterns, errors);
        Some(patterns)
    });
    Some(ShortMark { word, mark: patterns.map(|patterns| StartMark { patterns, each: each.is_some() }) })
}

/// What stands on a function.
pub(super) fn read_mark(start: &Attribute, errors: &mut Errors) -> Option<StartMark> {
    let syn::Meta::List(list) = &start.meta else {
        errors.push(start, messages::not_a_start_pattern());
        return None;
    };
    let (patterns, rest) =
        patterns::read_pattern(list.tokens.clone(), start, messages::not_a_start_pattern, errors)?;
    check_enums(&patterns, errors);
    let mut rest = rest.into_iter();
    let comma = rest.next();
    if comma.as_ref().is_some_and(|comma| comma.to_string() != ",") {
        errors.push(comma, messages::not_a_start_pattern());
        return None;
    }
    let mut options = Options::read(rest.collect(), START, &[EACH], errors);
    Some(StartMark { patterns, each: options.take_flag(EACH, errors).is_some() })
}

/// Events of several types may start a saga, so a variant is named with its enum.
fn check_enums(patterns: &[Variant], errors: &mut Errors) {
    for variant in patterns.iter().filter(|variant| variant.path.segments.len() < 2) {
        errors.push(&variant.path, messages::start_without_enum());
    }
}

/// A function that makes the saga.
pub(crate) fn read(method: &Method, mark: StartMark, ty: &Type, errors: &mut Errors) -> Option<Start> {
    let before = errors.count();
    let signature = &method.signature;
    let name = signature.ident.to_string();
    if method.access() != Access::None {
        errors.push(signature.receiver(), messages::start_with_self(&name));
    }
    if let Some(word) = &signature.asyncness {
        errors.push(word, messages::async_start(&name));
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, messages::generic(&name));
    }
    let bound = patterns::bound(&mark.patterns);
    let names: Vec<String> = bound.iter().map(Ident::to_string).collect();
    let unknown = |name: &str| messages::unknown_at_start(name, names.iter().map(String::as_str));
    let there = There { bound: &bound, event: true, key: false, unknown: &unknown };
    let parameters =
        method.parameters().filter_map(|input| event_parameters::read(input, &there, ty, errors)).collect();
    let result = match &signature.output {
        ReturnType::Type(_, result) if matches!(&**result, Type::Path(_)) => {
            syn::parse2(without_self(result, ty)).ok()
        }
        ReturnType::Type(_, other) => {
            errors.push(other, messages::start_of_nothing(&name));
            None
        }
        ReturnType::Default => {
            errors.push(&signature.ident, messages::start_of_nothing(&name));
            None
        }
    };
    let result = result.filter(|_| errors.count() == before)?;
    let (name, doc) = (signature.ident.clone(), documentation(&method.attrs));
    Some(Start { mark, name, parameters, result, doc })
}
