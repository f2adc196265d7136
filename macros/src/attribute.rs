//! Reading `#[name(key = value, flag, list(a, b))]` with a typed value for every key.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use syn::{Attribute, LitInt, LitStr, Path, Token, Type, parse::Parse, punctuated::Punctuated};

use crate::{errors::Errors, messages};

/// The options of one attribute, or of several of the same name together.
///
/// Each `take_..` reads the value of one key. Unknown keys, keys given twice and values of another form are
/// reported at their own tokens; reading goes on behind them.
pub(crate) struct Options {
    owner: &'static str,
    entries: Vec<Entry>,
}

struct Entry {
    key: Ident,
    value: Value,
}

enum Value {
    /// `key`
    Flag,
    /// `key = tokens`
    Assigned(TokenStream),
    /// `key(tokens)`
    List(TokenStream),
}

impl Options {
    /// Reads `key = value, ..`, the arguments of the attribute `owner`, which knows the keys `known`.
    pub(crate) fn read(args: TokenStream, owner: &'static str, known: &[&str], errors: &mut Errors) -> Self {
        let mut options = Self { owner, entries: Vec::new() };
        options.extend(split_commas(args), known, errors);
        options
    }

    /// As [`Options::read`], where the first argument may be something else, such as a type or a pattern.
    pub(crate) fn read_after_first(
        args: TokenStream,
        owner: &'static str,
        known: &[&str],
        errors: &mut Errors,
    ) -> (Option<TokenStream>, Self) {
        let mut parts = split_commas(args);
        let first = parts.first().is_some_and(|part| !is_assignment(part, known)).then(|| parts.remove(0));
        let mut options = Self { owner, entries: Vec::new() };
        options.extend(parts, known, errors);
        (first, options)
    }

    /// Takes every attribute `#[owner(..)]` off `attrs` and reads them as one.
    pub(crate) fn take_from(
        attrs: &mut Vec<Attribute>,
        owner: &'static str,
        known: &[&str],
        errors: &mut Errors,
    ) -> Self {
        let mut options = Self { owner, entries: Vec::new() };
        for attr in take_attributes(attrs, owner) {
            match attr.meta {
                syn::Meta::Path(_) => {}
                syn::Meta::List(list) => options.extend(split_commas(list.tokens), known, errors),
                syn::Meta::NameValue(pair) => errors.push(pair, messages::not_an_option(owner, known)),
            }
        }
        options
    }

    fn extend(&mut self, parts: Vec<TokenStream>, known: &[&str], errors: &mut Errors) {
        for part in parts {
            let Some(entry) = Entry::read(part.clone()) else {
                errors.push(part, messages::not_an_option(self.owner, known));
                continue;
            };
            let key = entry.key.to_string();
            if !known.contains(&key.as_str()) {
                errors.push(&entry.key, messages::unknown_option(&key, self.owner, known));
            } else if self.entries.iter().any(|other| other.key == entry.key) {
                errors.push(&entry.key, messages::duplicate_option(&key));
            } else {
                self.entries.push(entry);
            }
        }
    }

    /// The key as it is written, if it is there.
    pub(crate) fn key(&self, key: &str) -> Option<&Ident> {
        self.entries.iter().map(|entry| &entry.key).find(|found| *found == key)
    }

    /// `key = value`, where the value parses as `T`; `form` is how it should be written.
    pub(crate) fn take<T: Parse>(&mut self, key: &str, form: &str, errors: &mut Errors) -> Option<T> {
        let entry = self.take_entry(key)?;
        let Value::Assigned(tokens) = entry.value else {
            errors.push(&entry.key, messages::wrong_value(key, form));
            return None;
        };
        match syn::parse2(tokens.clone()) {
            Ok(value) => Some(value),
            Err(_) if tokens.is_empty() => {
                errors.push(&entry.key, messages::wrong_value(key, form));
                None
            }
            Err(_) => {
                errors.push(tokens, messages::wrong_value(key, form));
                None
            }
        }
    }

    /// `key = Type`
    pub(crate) fn take_type(&mut self, key: &str, errors: &mut Errors) -> Option<Type> {
        self.take(key, &format!("{key} = Type"), errors)
    }

    /// `key = some::path`
    pub(crate) fn take_path(&mut self, key: &str, errors: &mut Errors) -> Option<Path> {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        // `crate = crate` is a path, but `crate` alone does not parse as an ordinary one.
        if let Some(Entry { value: Value::Assigned(tokens), .. }) = entry
            && let Ok(path) = syn::parse::Parser::parse2(Path::parse_mod_style, tokens.clone())
        {
            self.take_entry(key);
            return Some(path);
        }
        self.take(key, &format!("{key} = some::path"), errors)
    }

    /// `key = ".."`
    pub(crate) fn take_string(&mut self, key: &str, errors: &mut Errors) -> Option<LitStr> {
        self.take(key, &format!("{key} = \"..\""), errors)
    }

    /// `key = 3`, within `range`.
    pub(crate) fn take_number(
        &mut self,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
        errors: &mut Errors,
    ) -> Option<(u64, LitInt)> {
        let literal: LitInt = self.take(key, &format!("{key} = {}", range.start().max(&2)), errors)?;
        match literal.base10_parse::<u64>() {
            Ok(number) if range.contains(&number) => Some((number, literal)),
            _ => {
                errors.push(&literal, messages::out_of_range(key, *range.start(), *range.end()));
                None
            }
        }
    }

    /// `key` alone; the key as it is written.
    pub(crate) fn take_flag(&mut self, key: &str, errors: &mut Errors) -> Option<Ident> {
        let entry = self.take_entry(key)?;
        if !matches!(entry.value, Value::Flag) {
            errors.push(&entry.key, messages::wrong_value(key, key));
            return None;
        }
        Some(entry.key)
    }

    /// `key(a, b)`: the key as it is written, and what stands in its parentheses.
    pub(crate) fn take_list<T: Parse>(
        &mut self,
        key: &str,
        form: &str,
        errors: &mut Errors,
    ) -> Option<(Ident, Vec<T>)> {
        let (key_token, tokens) = self.take_inner(key, form, errors)?;
        let parser = Punctuated::<T, Token![,]>::parse_terminated;
        match syn::parse::Parser::parse2(parser, tokens.clone()) {
            Ok(values) => Some((key_token, values.into_iter().collect())),
            Err(_) => {
                errors.push(tokens, messages::wrong_value(key, form));
                None
            }
        }
    }

    /// `key(tokens)`: the key as it is written, and what stands in its parentheses, to be read by the caller.
    pub(crate) fn take_inner(
        &mut self,
        key: &str,
        form: &str,
        errors: &mut Errors,
    ) -> Option<(Ident, TokenStream)> {
        let entry = self.take_entry(key)?;
        let Value::List(tokens) = entry.value else {
            errors.push(&entry.key, messages::wrong_value(key, form));
            return None;
        };
        Some((entry.key, tokens))
    }

    fn take_entry(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }
}

impl Entry {
    fn read(part: TokenStream) -> Option<Self> {
        let mut tokens = part.into_iter();
        let Some(TokenTree::Ident(key)) = tokens.next() else { return None };
        let value = match tokens.next() {
            None => Value::Flag,
            Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => Value::Assigned(tokens.collect()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                if tokens.next().is_some() {
                    return None;
                }
                Value::List(group.stream())
            }
            Some(_) => return None,
        };
        Some(Self { key, value })
    }
}

/// Takes the attributes of this name off the list.
pub(crate) fn take_attributes(attrs: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    let (ours, others) = std::mem::take(attrs).into_iter().partition(|attr| attr.path().is_ident(name));
    *attrs = others;
    ours
}

/// Splits at commas that are not inside brackets of any kind, `<..>` included.
pub(crate) fn split_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    let mut depth = 0_usize;
    let mut after_joint = false;
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                ',' if depth == 0 => {
                    parts.push(part.drain(..).collect());
                    continue;
                }
                '<' => depth += 1,
                // The second half of `->` or `=>` closes nothing.
                '>' if !after_joint => depth = depth.saturating_sub(1),
                _ => {}
            }
            after_joint = punct.spacing() == Spacing::Joint && matches!(punct.as_char(), '-' | '=');
        } else {
            after_joint = false;
        }
        part.push(token);
    }
    if !part.is_empty() {
        parts.push(part.into_iter().collect());
    }
    parts
}

/// `known = ..`, where `known` is one of these keys: an option and not a first argument.
fn is_assignment(part: &TokenStream, known: &[&str]) -> bool {
    let mut tokens = part.clone().into_iter();
    let key =
        matches!(tokens.next(), Some(TokenTree::Ident(ident)) if known.contains(&ident.to_string().as_str()));
    key && matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn errors_of(args: TokenStream) -> String {
        let mut errors = Errors::new();
        let mut options = Options::read(args, "event", &["version", "from", "name", "crate"], &mut errors);
        options.take_number("version", 1..=65_535, &mut errors);
        options.take_list::<Type>("from", "from(V1)", &mut errors);
        options.take_string("name", &mut errors);
        options.take_path("crate", &mut errors);
        errors.into_tokens().to_string()
    }

    #[test]
    fn options_are_read_by_type() {
        assert_eq!(errors_of(quote!(version = 2, from(V1, Vec<u8, A>), name = "a.b", crate = crate::x)), "");
        assert_eq!(errors_of(quote!(name = "a.b",)), "");
    }

    #[test]
    fn mistakes_in_options_are_told() {
        assert!(errors_of(quote!(verison = 2)).contains("did you mean `version`?"));
        assert!(errors_of(quote!(name = "a", name = "b")).contains("given twice"));
        assert!(errors_of(quote!(version = "2")).contains("write `version = 2`"));
        assert!(errors_of(quote!(version = 0)).contains("from 1 to 65535"));
        assert!(errors_of(quote!(version = 99999999999999999999999)).contains("from 1 to 65535"));
        assert!(errors_of(quote!(from = V1)).contains("write `from(V1)`"));
        assert!(errors_of(quote!(name =)).contains("write `name"));
        assert!(errors_of(quote!("account")).contains("expected an option"));
    }

    #[test]
    fn the_first_argument_may_be_a_type() {
        let mut errors = Errors::new();
        let (first, mut options) =
            Options::read_after_first(quote!(Event<A, B>, by = field), "apply", &["by"], &mut errors);
        assert_eq!(first.map(|tokens| tokens.to_string()), Some("Event < A , B >".into()));
        assert!(options.take::<Ident>("by", "by = field", &mut errors).is_some());
        assert!(errors.is_empty());
    }

    #[test]
    fn commas_inside_brackets_do_not_split() {
        assert_eq!(split_commas(quote!(a, b(c, d), E<F, G>, fn() -> H, i)).len(), 5);
        assert_eq!(split_commas(quote!()).len(), 0);
    }
}
