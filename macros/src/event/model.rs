//! The enum as its author means it.

use proc_macro2::Ident;
use syn::{Attribute, Data, DeriveInput, LitStr, Type, ext::IdentExt, spanned::Spanned};

use crate::{
    attribute::{Options, take_attributes},
    driver::Input,
    errors::Errors,
    keywords,
    messages::event as messages,
    naming::snake_case,
    paths::Runtime,
    recorded::{self, Golden, Lock, Recorded},
    wire::{ContainerAttrs, VariantAttrs, WireFields},
};

/// An enum of events.
pub(crate) struct EventEnum {
    /// The item as it is emitted: without our attributes.
    pub(crate) item: DeriveInput,
    pub(crate) runtime: Runtime,
    pub(crate) serde: ContainerAttrs,
    /// What comes before the dot in the names of its variants.
    pub(crate) prefix: String,
    /// `gesta.lock`
    pub(crate) lock: Option<Recorded<Lock>>,
    /// `gesta.golden`
    pub(crate) golden: Option<Recorded<Golden>>,
    pub(crate) variants: Vec<EventVariant>,
}

/// One type of event.
pub(crate) struct EventVariant {
    pub(crate) ident: Ident,
    pub(crate) name: WireName,
    pub(crate) version: Version,
    /// `retired`, as it is written.
    pub(crate) retired: Option<Ident>,
    /// Its attributes, with its doc comments among them.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) fields: WireFields,
    /// Keys of serde that would name the variant.
    pub(crate) serde_naming: Vec<Ident>,
}

/// The name in the store, and where it was written if it was.
pub(crate) struct WireName {
    pub(crate) text: String,
    pub(crate) literal: Option<LitStr>,
}

/// Which version of a payload is written, and what came before.
pub(crate) struct Version {
    pub(crate) number: u64,
    /// `version`, as it is written.
    pub(crate) key: Option<Ident>,
    /// `from`, as it is written, and the payloads of versions 1, 2, ..
    pub(crate) from: Option<Ident>,
    pub(crate) older: Vec<Type>,
}

pub(crate) fn read(input: &Input, errors: &mut Errors) -> Option<EventEnum> {
    let Ok(mut item) = syn::parse2::<DeriveInput>(input.item.clone()) else {
        let mut words = input.item.clone().into_iter();
        let first = words.find(|token| matches!(token, proc_macro2::TokenTree::Ident(_)));
        errors.push(first, messages::not_on_this());
        return None;
    };
    drop_duplicates(&mut item, |ident, what| errors.push(ident, messages::twice(&ident.to_string(), what)));
    let known = [keywords::NAME, keywords::CRATE, keywords::VERSION, keywords::FROM];
    let mut options = Options::read(input.args.clone(), keywords::EVENT, &known, errors);
    let runtime = Runtime::new(options.take_path(keywords::CRATE, errors).as_ref());
    let prefix = options.take_string(keywords::NAME, errors);
    for key in [keywords::VERSION, keywords::FROM] {
        if let Some(key) = options.key(key) {
            errors.push(key, messages::version_on_enum());
        }
    }
    let name = item.ident.to_string();
    let serde = ContainerAttrs::read(&item.attrs, errors);
    take_attributes(&mut item.attrs, keywords::SCHEMA);
    let prefix =
        WireName { text: prefix.as_ref().map_or_else(|| prefix_of(&name), LitStr::value), literal: prefix };
    let data = match &mut item.data {
        Data::Enum(data) => data,
        Data::Struct(data) => {
            errors.push(data.struct_token, messages::not_an_enum(&name, "struct"));
            return None;
        }
        Data::Union(data) => {
            errors.push(data.union_token, messages::not_an_enum(&name, "union"));
            return None;
        }
    };
    if let Some(literal) = &prefix.literal {
        super::check::check_name(&prefix.text, literal, errors);
    }
    let variants =
        data.variants.iter_mut().map(|variant| read_variant(variant, &prefix, &serde, errors)).collect();
    let (prefix, lock, golden) = (prefix.text, recorded::lock(), recorded::golden());
    Some(EventEnum { item, runtime, serde, prefix, lock, golden, variants })
}

/// Takes variants and fields that are there twice off the enum, so that one mistake does not become many.
pub(crate) fn drop_duplicates(item: &mut DeriveInput, mut found: impl FnMut(&Ident, &str)) {
    let Data::Enum(data) = &mut item.data else { return };
    let mut seen: Vec<Ident> = Vec::new();
    let variants = std::mem::take(&mut data.variants).into_iter();
    data.variants =
        variants.filter(|variant| is_new(&mut seen, &variant.ident, "variant", &mut found)).collect();
    for variant in &mut data.variants {
        if let syn::Fields::Named(fields) = &mut variant.fields {
            let mut seen: Vec<Ident> = Vec::new();
            let named = std::mem::take(&mut fields.named).into_iter();
            let mut is_new = |ident: &Ident| is_new(&mut seen, ident, "field", &mut found);
            fields.named = named.filter(|field| field.ident.as_ref().is_none_or(&mut is_new)).collect();
        }
    }
}

fn is_new(seen: &mut Vec<Ident>, ident: &Ident, what: &str, found: &mut impl FnMut(&Ident, &str)) -> bool {
    let new = !seen.contains(ident);
    if new {
        seen.push(ident.clone());
    } else {
        found(ident, what);
    }
    new
}

/// The enum's name without `Event`, in snake case.
fn prefix_of(name: &str) -> String {
    snake_case(name.strip_suffix("Event").filter(|rest| !rest.is_empty()).unwrap_or(name))
}

fn read_variant(
    variant: &mut syn::Variant,
    prefix: &WireName,
    container: &ContainerAttrs,
    errors: &mut Errors,
) -> EventVariant {
    let known = [keywords::NAME, keywords::VERSION, keywords::FROM, keywords::RETIRED];
    let before = errors.count();
    let mut options = Options::take_from(&mut variant.attrs, keywords::EVENT, &known, errors);
    for attr in take_attributes(&mut variant.attrs, keywords::SCHEMA) {
        errors.push(attr.path(), messages::schema_on_variant());
    }
    let serde = VariantAttrs::read(&variant.attrs, errors);
    let fields =
        WireFields::read(&variant.fields, serde.rename_all.or(container.rename_all_fields), false, errors);
    for field in &mut variant.fields {
        for attr in take_attributes(&mut field.attrs, keywords::EVENT) {
            errors.push(attr.path(), messages::option_on_field());
        }
    }
    let own = options.take_string(keywords::NAME, errors);
    let text = own.as_ref().map_or_else(
        || format!("{}.{}", prefix.text, snake_case(&variant.ident.unraw().to_string())),
        LitStr::value,
    );
    let retired = options.take_flag(keywords::RETIRED, errors);
    if retired.is_some() && !variant.attrs.iter().any(|attr| attr.path().is_ident("deprecated")) {
        let note = messages::retired(&text);
        variant.attrs.push(syn::parse_quote!(#[deprecated(note = #note)]));
    }
    EventVariant {
        ident: variant.ident.clone(),
        name: WireName { text, literal: own },
        version: read_version(&mut options, before, errors),
        retired,
        docs: variant.attrs.iter().filter(|attr| attr.path().is_ident("doc")).cloned().collect(),
        fields,
        serde_naming: serde.naming,
    }
}

/// `before` counts the mistakes before this variant's options.
fn read_version(options: &mut Options, before: usize, errors: &mut Errors) -> Version {
    let key = options.key(keywords::VERSION).cloned();
    let number = options.take_number(keywords::VERSION, 1..=u64::from(u16::MAX), errors);
    let from = options.take_list::<Type>(keywords::FROM, "from(OldPayload)", errors);
    // After a mistake here the counts say nothing; let the rules about them be content.
    let failed = errors.count() > before;
    let (from, older) = match from {
        Some((key, older)) => (Some(key), older),
        None => (None, Vec::new()),
    };
    let implied = older.len() as u64 + 1;
    Version {
        number: number.map_or(implied, |(number, _)| if failed { implied } else { number }),
        key: if failed { from.clone().or(key) } else { key },
        from,
        older,
    }
}

/// Where a type stands, for errors about it.
pub(crate) fn span_of(ty: &Type) -> proc_macro2::Span {
    ty.span()
}
