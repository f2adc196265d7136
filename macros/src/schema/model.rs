//! The type as it is stored.

use proc_macro2::Ident;
use syn::{Data, DeriveInput, Generics, LitStr, Type, ext::IdentExt};

use crate::{
    driver::Input,
    errors::Errors,
    messages::schema as messages,
    paths::Runtime,
    wire::{ContainerAttrs, VariantAttrs, WireFields},
};

/// A type whose shape is to be known.
pub(crate) struct SchemaType {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) runtime: Runtime,
    pub(crate) body: Body,
}

/// What it consists of.
pub(crate) enum Body {
    /// `#[schema(as = Type)]`
    Other(Box<Type>),
    /// `#[serde(transparent)]`
    Transparent(WireFields),
    Struct(WireFields),
    Enum(Vec<SchemaVariant>),
}

/// A variant, under the name that serde gives it.
pub(crate) struct SchemaVariant {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) rename: Option<LitStr>,
    pub(crate) fields: WireFields,
}

pub(crate) fn read(input: &Input, errors: &mut Errors) -> Option<SchemaType> {
    let item: DeriveInput = errors.keep(syn::parse2(input.item.clone()))?;
    let mut attrs = ContainerAttrs::read(&item.attrs, errors);
    let runtime = Runtime::new(attrs.runtime.as_ref());
    let body = match (attrs.shape_as.take(), item.data) {
        (Some(other), _) => Body::Other(Box::new(other)),
        (None, Data::Struct(data)) => {
            let fields =
                WireFields::read(&data.fields, attrs.rename_all, attrs.default, errors).within(&item.ident);
            if attrs.transparent { Body::Transparent(fields) } else { Body::Struct(fields) }
        }
        (None, Data::Enum(data)) => {
            let read = |variant| read_variant(variant, &item.ident, &attrs, errors);
            Body::Enum(data.variants.iter().map(read).collect())
        }
        (None, Data::Union(data)) => {
            errors.push(data.union_token, messages::union());
            return None;
        }
    };
    Some(SchemaType { ident: item.ident, generics: item.generics, runtime, body })
}

fn read_variant(
    variant: &syn::Variant,
    owner: &Ident,
    container: &ContainerAttrs,
    errors: &mut Errors,
) -> SchemaVariant {
    let attrs = VariantAttrs::read(&variant.attrs, errors);
    let fields =
        WireFields::read(&variant.fields, attrs.rename_all.or(container.rename_all_fields), false, errors)
            .within(owner);
    let own = variant.ident.unraw().to_string();
    let name = match &attrs.rename {
        Some(name) => name.value(),
        None => container.rename_all.map_or_else(|| own.clone(), |rule| rule.variant(&own)),
    };
    SchemaVariant { ident: variant.ident.clone(), name, rename: attrs.rename, fields }
}
