//! Reading how the events of a handler are delivered.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    LitFloat, LitInt, LitStr, Pat, Path, Token,
    parse::{Parse, ParseStream, Parser},
};

use crate::{
    attribute::{Options, split_commas},
    duration,
    errors::Errors,
    keywords::{
        ATTEMPTS, BACKOFF, BREAKER, CAP, CONCURRENCY, FAILURES, JITTER, OPEN, PERMANENT, PRIORITY, SHARDS,
        START, TIMEOUT,
    },
    messages::policy as messages,
};

/// How the pause between attempts may grow.
const GROWTHS: [&str; 3] = ["fixed", "linear", "exponential"];
/// Where a handler may begin.
const STARTS: [(&str, &str); 2] = [("beginning", "Beginning"), ("now", "Now")];
const START_FORM: &str = "start = now";
const BACKOFF_FORM: &str = "backoff = exponential(\"1s\", cap = \"5m\", jitter = 0.5)";
const BREAKER_FORM: &str = "breaker(failures = 5, open = \"30s\")";
const PERMANENT_FORM: &str = "permanent(MailError::NoMailbox)";

/// What the options say; what they leave out is the runtime's to decide.
#[derive(Default)]
pub(crate) struct Policy {
    attempts: Option<u64>,
    timeout: Option<u64>,
    concurrency: Option<u64>,
    priority: Option<i32>,
    shards: Option<u64>,
    backoff: Option<Backoff>,
    breaker: Option<(u64, u64)>,
    start: Option<&'static str>,
    /// Errors that stay, as patterns.
    pub(crate) permanent: Vec<Permanent>,
}

/// Durations are in milliseconds.
#[derive(Clone)]
struct Backoff {
    growth: Ident,
    first: u64,
    cap: Option<u64>,
    jitter: Option<f64>,
}

/// `MailError::NoMailbox`
pub(crate) struct Permanent {
    pub(crate) pattern: TokenStream,
    /// `MailError`
    pub(crate) of: Ident,
}

/// The options that [`Policy::read`] knows.
pub(crate) const OPTIONS: [&str; 9] =
    [ATTEMPTS, TIMEOUT, CONCURRENCY, BACKOFF, PRIORITY, BREAKER, SHARDS, START, PERMANENT];

impl Policy {
    pub(crate) fn read(options: &mut Options, errors: &mut Errors) -> Self {
        let number = |found: Option<(u64, LitInt)>| found.map(|(number, _)| number);
        Self {
            attempts: number(options.take_number(ATTEMPTS, 1..=u32::MAX.into(), errors)),
            timeout: duration::take(options, TIMEOUT, errors),
            concurrency: number(options.take_number(CONCURRENCY, 1..=u32::MAX.into(), errors)),
            priority: options.take::<Priority>(PRIORITY, "priority = 10", errors).map(|priority| priority.0),
            shards: number(options.take_number(SHARDS, 1..=u16::MAX.into(), errors)),
            backoff: read_backoff(options, errors),
            breaker: read_breaker(options, errors),
            start: read_start(options, errors),
            permanent: read_permanent(options, errors),
        }
    }

    /// `DeliveryPolicy::new().attempts(5)`, if anything is said.
    pub(crate) fn expand(&self, private: &TokenStream) -> Option<TokenStream> {
        let attempts = self.attempts.map(|n| said_number(ATTEMPTS, n));
        let timeout = self.timeout.map(|time| said_duration(private, TIMEOUT, time));
        let concurrency = self.concurrency.map(|n| said_number(CONCURRENCY, n));
        let priority = self.priority.map(|n| quote!(.priority(#n)));
        let shards = self.shards.map(|n| said_number(SHARDS, n));
        let backoff = self.backoff.as_ref().map(|backoff| backoff.expand(private));
        let breaker = self.breaker.map(|(failures, open)| {
            let (failures, open) = (Literal::u64_unsuffixed(failures), duration_of(private, open));
            quote!(.breaker(#private::domain::BreakerPolicy::new(#failures, #open)))
        });
        let start = self.start.map(|start| {
            let start = Ident::new(start, Span::call_site());
            quote!(.start(#private::domain::Start::#start))
        });
        let said = quote!(#attempts #timeout #concurrency #priority #shards #backoff #breaker #start);
        (!said.is_empty()).then(|| quote!(#private::domain::DeliveryPolicy::new() #said))
    }
}

/// How a step of a saga is tried: what the options say, the rest is the runtime's to decide.
#[derive(Clone, Default)]
pub(crate) struct Tries {
    attempts: Option<u64>,
    timeout: Option<u64>,
    backoff: Option<Backoff>,
}

/// The options that [`Tries::read`] knows.
pub(crate) const TRIES: [&str; 3] = [ATTEMPTS, TIMEOUT, BACKOFF];

impl Tries {
    pub(crate) fn read(options: &mut Options, errors: &mut Errors) -> Self {
        Self {
            attempts: options.take_number(ATTEMPTS, 1..=u32::MAX.into(), errors).map(|(number, _)| number),
            timeout: duration::take(options, TIMEOUT, errors),
            backoff: read_backoff(options, errors),
        }
    }

    /// `.attempts(8).timeout(..)`, behind a policy.
    pub(crate) fn expand(&self, private: &TokenStream) -> TokenStream {
        let attempts = self.attempts.map(|n| said_number(ATTEMPTS, n));
        let timeout = self.timeout.map(|time| said_duration(private, TIMEOUT, time));
        let backoff = self.backoff.as_ref().map(|backoff| backoff.expand(private));
        quote!(#attempts #timeout #backoff)
    }
}

/// `.attempts(8)`
fn said_number(key: &str, number: u64) -> TokenStream {
    let (key, number) = (Ident::new(key, Span::call_site()), Literal::u64_unsuffixed(number));
    quote!(.#key(#number))
}

/// `.timeout(..)`
fn said_duration(private: &TokenStream, key: &str, milliseconds: u64) -> TokenStream {
    let (key, time) = (Ident::new(key, Span::call_site()), duration_of(private, milliseconds));
    quote!(.#key(#time))
}

fn duration_of(private: &TokenStream, milliseconds: u64) -> TokenStream {
    quote!(#private::core::time::Duration::from_millis(#milliseconds))
}

impl Backoff {
    /// `.backoff(..)`, from what the runtime says, so that its defaults are written in one place.
    fn expand(&self, private: &TokenStream) -> TokenStream {
        let Self { growth, first, cap, jitter } = self;
        let first = duration_of(private, *first);
        let cap = cap.map(|cap| said_duration(private, CAP, cap));
        let jitter = jitter.map(|part| quote!(.jitter(#part)));
        quote!(.backoff(#private::domain::Backoff::#growth(#first) #cap #jitter))
    }
}

/// A number that may be negative.
struct Priority(i32);

impl Parse for Priority {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let negative = input.parse::<Option<Token![-]>>()?.is_some();
        let number: i32 = input.parse::<LitInt>()?.base10_parse()?;
        Ok(Self(if negative { -number } else { number }))
    }
}

/// `exponential("1s", cap = "5m", jitter = 0.5)`
fn read_backoff(options: &mut Options, errors: &mut Errors) -> Option<Backoff> {
    let (growth, arguments) =
        options.take(BACKOFF, BACKOFF_FORM, errors).map(|Call(name, inner)| (name, inner))?;
    if !GROWTHS.contains(&growth.to_string().as_str()) {
        errors.push(&growth, messages::unknown_growth(&growth.to_string(), &GROWTHS));
        return None;
    }
    let known: &[&str] = if growth == "fixed" { &[JITTER] } else { &[CAP, JITTER] };
    let mut parts = split_commas(arguments).into_iter();
    let first = parts.next().unwrap_or_default();
    let Ok(first) = syn::parse2::<LitStr>(first) else {
        errors.push(&growth, messages::no_first_pause(&growth.to_string()));
        return None;
    };
    let rest = parts.map(|part| quote!(#part,)).collect();
    let mut rest = Options::read(rest, BACKOFF, known, errors);
    let jitter = rest.take::<Jitter>(JITTER, "jitter = 0.5", errors).and_then(|Jitter(part, tokens)| {
        if !(0.0..=1.0).contains(&part) {
            errors.push(tokens, messages::not_a_part());
            return None;
        }
        Some(part)
    });
    Some(Backoff {
        first: duration::read(&first, errors)?,
        cap: duration::take(&mut rest, CAP, errors),
        growth,
        jitter,
    })
}

/// `name(tokens)`
struct Call(Ident, TokenStream);

impl Parse for Call {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        let inner;
        syn::parenthesized!(inner in input);
        Ok(Self(name, inner.parse()?))
    }
}

/// `0.5`, `0` or `1`, and how it is written.
struct Jitter(f64, TokenStream);

impl Parse for Jitter {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitInt) {
            let literal: LitInt = input.parse()?;
            return Ok(Self(f64::from(literal.base10_parse::<u32>()?), literal.into_token_stream()));
        }
        let literal: LitFloat = input.parse()?;
        Ok(Self(literal.base10_parse()?, literal.into_token_stream()))
    }
}

/// `breaker(failures = 5, open = "30s")`
fn read_breaker(options: &mut Options, errors: &mut Errors) -> Option<(u64, u64)> {
    let (key, inner) = options.take_inner(BREAKER, BREAKER_FORM, errors)?;
    let before = errors.count();
    let mut inner = Options::read(inner, BREAKER, &[FAILURES, OPEN], errors);
    let failures = inner.take_number(FAILURES, 1..=u32::MAX.into(), errors);
    let open = duration::take(&mut inner, OPEN, errors);
    match (failures, open) {
        (Some((failures, _)), Some(open)) => Some((failures, open)),
        _ => {
            if errors.count() == before {
                errors.push(key, messages::half_a_breaker(BREAKER_FORM));
            }
            None
        }
    }
}

fn read_start(options: &mut Options, errors: &mut Errors) -> Option<&'static str> {
    let word: Ident = options.take(START, START_FORM, errors)?;
    let found = STARTS.into_iter().find(|(name, _)| word == *name).map(|(_, variant)| variant);
    if found.is_none() {
        errors.push(&word, messages::unknown_start(&word.to_string()));
    }
    found
}

/// `permanent(MailError::NoMailbox | MailError::Bad { .. })`
fn read_permanent(options: &mut Options, errors: &mut Errors) -> Vec<Permanent> {
    let Some((key, inner)) = options.take_inner(PERMANENT, PERMANENT_FORM, errors) else { return Vec::new() };
    if inner.is_empty() {
        errors.push(key, messages::not_an_error(PERMANENT_FORM));
        return Vec::new();
    }
    let mut found = Vec::new();
    for tokens in split_commas(inner) {
        let Ok(pattern) = Pat::parse_multi_with_leading_vert.parse2(tokens.clone()) else {
            errors.push(tokens, messages::not_an_error(PERMANENT_FORM));
            continue;
        };
        let alternatives = match pattern {
            Pat::Or(or) => or.cases.into_iter().collect(),
            other => vec![other],
        };
        for pattern in alternatives {
            match enum_of(&pattern) {
                Some(of) => found.push(Permanent { of, pattern: pattern.into_token_stream() }),
                None => errors.push(pattern, messages::not_an_error(PERMANENT_FORM)),
            }
        }
    }
    found
}

/// The name before that of the variant.
fn enum_of(pattern: &Pat) -> Option<Ident> {
    let path: &Path = match pattern {
        Pat::Path(path) => &path.path,
        Pat::Struct(fields) => &fields.path,
        Pat::TupleStruct(places) => &places.path,
        _ => return None,
    };
    path.segments.iter().rev().nth(1).map(|segment| segment.ident.clone())
}
