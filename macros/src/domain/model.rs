//! What `domain!` is told.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Path, Type, Visibility,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use crate::{
    attribute::split_commas,
    driver::Input,
    errors::Errors,
    keywords::{
        ACYCLIC, AGGREGATES, CRATE, DEPS, EVENT_HANDLERS, LOCK, PROCESS_MANAGERS, PROJECTIONS, SAGAS, WHOLE,
    },
    messages::domain as messages,
    paths::Runtime,
    recorded::{self, Lock, Recorded},
};

pub(crate) struct Domain {
    pub(super) attrs: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) name: Ident,
    pub(super) deps: Option<Type>,
    pub(super) aggregates: Vec<Type>,
    pub(super) projections: Vec<Type>,
    pub(super) event_handlers: Vec<Type>,
    pub(super) sagas: Vec<Type>,
    pub(super) process_managers: Vec<Type>,
    /// Whether every line of `gesta.lock` is of this domain: `lock: whole`.
    pub(super) whole: bool,
    /// Whether its policies must not form a loop.
    pub(super) acyclic: bool,
    /// `gesta.lock`
    pub(super) lock: Option<Recorded<Lock>>,
    pub(super) runtime: Runtime,
}

/// `name: value`, or `acyclic` alone
struct Section {
    name: Ident,
    value: TokenStream,
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Domain> {
    let Ok((attrs, visibility, name, rest)) = head.parse2(input.item.clone()) else {
        let first = input.item.clone().into_iter().next();
        errors.push_at(first.map_or_else(Span::call_site, |token| token.span()), messages::not_a_domain());
        return None;
    };
    let mut domain = Domain {
        attrs,
        visibility,
        name,
        deps: None,
        aggregates: Vec::new(),
        projections: Vec::new(),
        event_handlers: Vec::new(),
        sagas: Vec::new(),
        process_managers: Vec::new(),
        whole: false,
        acyclic: false,
        lock: recorded::lock(),
        runtime: Runtime::new(None),
    };
    let before = errors.count();
    let mut seen = Vec::new();
    for section in split_commas(read_body(rest, errors).unwrap_or_default()) {
        if let Some(section) = read_section(section, &mut seen, errors) {
            read_into(&mut domain, section, errors);
        }
    }
    if domain.aggregates.is_empty() && domain.sagas.is_empty() && errors.count() == before {
        errors.push(&domain.name, messages::no_aggregates(&domain.name.to_string()));
    }
    Some(domain)
}

type Head = (Vec<Attribute>, Visibility, Ident, TokenStream);

fn head(input: ParseStream<'_>) -> syn::Result<Head> {
    Ok((input.call(Attribute::parse_outer)?, input.parse()?, input.parse()?, input.parse()?))
}

/// What stands in the braces, behind which nothing follows.
fn read_body(rest: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let mut tokens = rest.into_iter();
    let body = match tokens.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => group.stream(),
        Some(TokenTree::Punct(angle)) if angle.as_char() == '<' => {
            errors.push(angle, messages::generic());
            return None;
        }
        other => {
            errors
                .push_at(other.map_or_else(Span::call_site, |token| token.span()), messages::not_a_domain());
            return None;
        }
    };
    if let Some(more) = tokens.next() {
        errors.push(more, messages::not_a_domain());
    }
    Some(body)
}

const SECTIONS: [&str; 7] = [DEPS, AGGREGATES, SAGAS, PROCESS_MANAGERS, PROJECTIONS, EVENT_HANDLERS, LOCK];

fn read_section(tokens: TokenStream, seen: &mut Vec<Ident>, errors: &mut Errors) -> Option<Section> {
    let parser = |input: ParseStream<'_>| {
        let name = input.call(Ident::parse_any)?;
        if name != ACYCLIC {
            input.parse::<syn::Token![:]>()?;
        }
        Ok(Section { name, value: input.parse()? })
    };
    let Ok(section) = parser.parse2(tokens.clone()) else {
        errors.push(tokens, messages::not_a_section(&SECTIONS));
        return None;
    };
    let word = section.name.to_string();
    if !SECTIONS.contains(&word.as_str()) && word != CRATE && word != ACYCLIC {
        errors.push(&section.name, messages::unknown_section(&word, &SECTIONS));
        return None;
    }
    if seen.contains(&section.name) {
        let message = match word.as_str() {
            DEPS => messages::second_deps(),
            LOCK => messages::second_lock(),
            ACYCLIC => messages::second_acyclic(),
            _ => messages::second_section(&word),
        };
        errors.push(&section.name, message);
        return None;
    }
    seen.push(section.name.clone());
    Some(section)
}

fn read_into(domain: &mut Domain, section: Section, errors: &mut Errors) {
    let Section { name, value } = section;
    let word = name.to_string();
    let shown = if value.is_empty() { name.to_token_stream() } else { value.clone() };
    match word.as_str() {
        DEPS => match syn::parse2(value) {
            Ok(ty) => domain.deps = Some(ty),
            Err(_) => errors.push(shown, messages::deps_is_not_a_type()),
        },
        ACYCLIC if value.is_empty() => domain.acyclic = true,
        ACYCLIC => errors.push(shown, messages::acyclic_with_a_value()),
        CRATE => match Path::parse_mod_style.parse2(value) {
            Ok(path) => domain.runtime = Runtime::new(Some(&path)),
            Err(_) => errors.push(shown, messages::not_a_path()),
        },
        LOCK => match syn::parse2::<Ident>(value) {
            Ok(value) if value == WHOLE => domain.whole = true,
            _ => errors.push(shown, messages::not_whole()),
        },
        AGGREGATES => domain.aggregates = read_parts(&word, value, &shown, errors),
        PROJECTIONS => domain.projections = read_parts(&word, value, &shown, errors),
        EVENT_HANDLERS => domain.event_handlers = read_parts(&word, value, &shown, errors),
        SAGAS => domain.sagas = read_parts(&word, value, &shown, errors),
        // Another word is none of the sections.
        _ => domain.process_managers = read_parts(&word, value, &shown, errors),
    }
}

/// `[First, Second]`
fn read_parts(word: &str, value: TokenStream, shown: &TokenStream, errors: &mut Errors) -> Vec<Type> {
    let mut tokens = value.into_iter();
    let (Some(TokenTree::Group(group)), None) = (tokens.next(), tokens.next()) else {
        errors.push(shown, messages::not_a_list(word));
        return Vec::new();
    };
    if group.delimiter() != Delimiter::Bracket {
        errors.push(shown, messages::not_a_list(word));
        return Vec::new();
    }
    let part = |tokens: TokenStream| match syn::parse2(tokens.clone()) {
        Ok(Type::Path(path)) => Some(Type::Path(path)),
        _ => {
            errors.push(tokens, messages::not_a_part());
            None
        }
    };
    split_commas(group.stream()).into_iter().filter_map(part).collect()
}
