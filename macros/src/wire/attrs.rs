//! Reading `#[serde(..)]` and `#[schema(..)]`: honoured where the shape can say it, refused where it cannot.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{Attribute, LitStr, Path, Type};

use super::rename::RenameRule;
use crate::{
    attribute::{Options, split_commas},
    errors::Errors,
    keywords,
    messages::wire as messages,
};

/// One `key`, `key = value` or `key(..)` inside `#[serde(..)]`.
struct SerdeItem {
    key: Ident,
    value: Option<TokenStream>,
    tokens: TokenStream,
}

/// What stands on a struct or an enum.
#[derive(Default)]
pub(crate) struct ContainerAttrs {
    pub(crate) rename_all: Option<RenameRule>,
    pub(crate) rename_all_key: Option<Ident>,
    pub(crate) rename_all_fields: Option<RenameRule>,
    pub(crate) default: bool,
    pub(crate) transparent: bool,
    /// `#[serde(crate = ..)]` or `#[serde(bound = ..)]` of the user's own.
    pub(crate) has_crate: bool,
    pub(crate) shape_as: Option<Type>,
    pub(crate) runtime: Option<Path>,
}

/// What stands on a variant.
#[derive(Default)]
pub(crate) struct VariantAttrs {
    pub(crate) rename: Option<LitStr>,
    pub(crate) rename_all: Option<RenameRule>,
    /// Keys that change the name or presence of the variant, for those who do not store it by serde's name.
    pub(crate) naming: Vec<Ident>,
}

/// What stands on a field.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) rename: Option<LitStr>,
    pub(crate) default: bool,
    pub(crate) skip: bool,
    pub(crate) skip_if: Option<Ident>,
    pub(crate) shape_as: Option<Type>,
    pub(crate) recursive: bool,
}

impl ContainerAttrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let known = [keywords::AS, keywords::CRATE, keywords::RECURSIVE];
        let mut schema = schema_options(attrs, &known, errors);
        if let Some(recursive) = schema.key(keywords::RECURSIVE) {
            errors.push(recursive, crate::messages::schema::on_container());
        }
        read.shape_as = schema.take_type(keywords::AS, errors);
        read.runtime = schema.take_path(keywords::CRATE, errors);
        for item in serde_items(attrs) {
            match item.key.to_string().as_str() {
                "rename_all" => {
                    read.rename_all = item.rule(errors);
                    read.rename_all_key = Some(item.key);
                }
                "rename_all_fields" => read.rename_all_fields = item.rule(errors),
                "default" => read.default = true,
                "transparent" => read.transparent = true,
                "crate" => read.has_crate = true,
                "tag" | "content" | "untagged" | "from" | "try_from" | "into" | "remote"
                | "variant_identifier" | "field_identifier"
                    if read.shape_as.is_none() =>
                {
                    errors.push(&item.key, messages::refused_on_type(&item.key.to_string()));
                }
                // The rest does not change what is stored, or is serde's to refuse.
                _ => {}
            }
        }
        read
    }
}

impl VariantAttrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        schema_options(attrs, &[], errors);
        for item in serde_items(attrs) {
            match item.key.to_string().as_str() {
                "rename" => {
                    read.rename = item.text(errors);
                    read.naming.push(item.key);
                }
                "rename_all" => read.rename_all = item.rule(errors),
                "alias" => read.naming.push(item.key),
                "skip" | "skip_serializing" | "skip_deserializing" | "other" | "untagged" | "with"
                | "serialize_with" | "deserialize_with" | "borrow" => {
                    errors.push(&item.key, messages::refused_on_variant(&item.key.to_string()));
                }
                _ => {}
            }
        }
        read
    }
}

impl FieldAttrs {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let before = errors.count();
        let mut schema = schema_options(attrs, &[keywords::AS, keywords::RECURSIVE], errors);
        read.shape_as = schema.take_type(keywords::AS, errors);
        // A mistake here may have been meant to be this; let nothing be missed because of it.
        read.recursive = schema.take_flag(keywords::RECURSIVE, errors).is_some() || errors.count() > before;
        for item in serde_items(attrs) {
            match item.key.to_string().as_str() {
                "rename" => read.rename = item.text(errors),
                "default" => read.default = true,
                "skip" => read.skip = true,
                "skip_serializing_if" => read.skip_if = Some(item.key),
                "flatten" => errors.push(&item.key, messages::flatten()),
                "with" | "serialize_with" | "deserialize_with" | "getter" if read.shape_as.is_none() => {
                    errors.push(&item.key, messages::with(&item.key.to_string()));
                }
                "skip_serializing" | "skip_deserializing" => {
                    errors.push(&item.key, messages::half_skipped(&item.key.to_string()));
                }
                "borrow" => errors.push(&item.key, messages::borrowed()),
                _ => {}
            }
        }
        read
    }
}

impl SerdeItem {
    fn read(part: TokenStream) -> Option<Self> {
        let mut tokens = part.clone().into_iter();
        let Some(TokenTree::Ident(key)) = tokens.next() else { return None };
        let value = matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
        Some(Self { key, value: value.then(|| tokens.collect()), tokens: part })
    }

    /// `key = ".."`; the form `key(serialize = .., deserialize = ..)` is refused, any other mistake is serde's.
    fn text(&self, errors: &mut Errors) -> Option<LitStr> {
        let Some(value) = &self.value else {
            errors.push(&self.tokens, messages::two_names(&self.key.to_string()));
            return None;
        };
        syn::parse2(value.clone()).ok()
    }

    fn rule(&self, errors: &mut Errors) -> Option<RenameRule> {
        RenameRule::parse(&self.text(errors)?.value())
    }
}

/// Whether serde is told to leave a field out, or to store it by other means than its type's.
pub(crate) fn serde_stores_otherwise(attrs: &[Attribute]) -> bool {
    let keys = ["skip", "with", "serialize_with", "deserialize_with", "bound"];
    serde_items(attrs).iter().any(|item| keys.iter().any(|key| item.key == key))
}

/// Whether the shape of a field is said to be that of another type: `#[schema(as = String)]`.
pub(crate) fn shape_is_told(attrs: &[Attribute]) -> bool {
    let lists = attrs.iter().filter(|attr| attr.path().is_ident(keywords::SCHEMA));
    let tokens = lists.filter_map(|attr| Some(attr.meta.require_list().ok()?.tokens.clone()));
    let first =
        |part: TokenStream| part.into_iter().next().is_some_and(|token| token.to_string() == keywords::AS);
    tokens.flat_map(split_commas).any(first)
}

fn serde_items(attrs: &[Attribute]) -> Vec<SerdeItem> {
    let lists = attrs.iter().filter(|attr| attr.path().is_ident("serde"));
    let tokens = lists.filter_map(|attr| Some(attr.meta.require_list().ok()?.tokens.clone()));
    tokens.flat_map(split_commas).filter_map(SerdeItem::read).collect()
}

fn schema_options(attrs: &[Attribute], known: &[&str], errors: &mut Errors) -> Options {
    Options::take_from(&mut attrs.to_vec(), keywords::SCHEMA, known, errors)
}
