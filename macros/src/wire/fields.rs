//! The fields of a struct or variant as they are stored.

use proc_macro2::Ident;
use syn::{Fields, Type, ext::IdentExt};

use super::{attrs::FieldAttrs, rename::RenameRule};
use crate::{errors::Errors, messages::wire as messages};

/// A field that is stored.
pub(crate) struct WireField {
    /// Its name in JSON; its place in a tuple.
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Whether it may be absent when it is read.
    pub(crate) optional: bool,
    /// It may be left out when written, and only its type can say that it may be absent when read.
    pub(crate) must_be_option: Option<Ident>,
    /// The type whose shape it has, where that is not its own.
    pub(crate) shape_as: Option<Type>,
    /// It leads back to the type that it is in.
    pub(crate) recursive: bool,
}

/// The stored fields, by the form in which they are stored.
pub(crate) enum WireFields {
    Unit,
    /// Stored as the one field itself.
    Newtype(Box<WireField>),
    Tuple(Vec<WireField>),
    Struct(Vec<WireField>),
}

impl WireFields {
    /// Reads fields under the rule that holds for their names; `default` says that all may be absent.
    pub(crate) fn read(
        fields: &Fields,
        rule: Option<RenameRule>,
        default: bool,
        errors: &mut Errors,
    ) -> Self {
        let count = fields.len();
        let mut stored: Vec<WireField> = Vec::new();
        for (place, field) in fields.iter().enumerate() {
            let attrs = FieldAttrs::read(&field.attrs, errors);
            if attrs.skip {
                continue;
            }
            let own = field.ident.as_ref().map(|ident| ident.unraw().to_string());
            let name = match (&attrs.rename, own) {
                (Some(name), _) => name.value(),
                (None, Some(own)) => rule.map_or_else(|| own.clone(), |rule| rule.field(&own)),
                (None, None) => place.to_string(),
            };
            if field.ident.is_some() && stored.iter().any(|other| other.name == name) {
                match &attrs.rename {
                    Some(text) => errors.push(text, messages::two_fields(&name)),
                    None => errors.push(&field.ident, messages::two_fields(&name)),
                }
            }
            let default = default || attrs.default;
            stored.push(WireField {
                name,
                ty: field.ty.clone(),
                optional: default || attrs.skip_if.is_some(),
                must_be_option: attrs.skip_if.filter(|_| !default),
                shape_as: attrs.shape_as,
                recursive: attrs.recursive,
            });
        }
        match fields {
            Fields::Named(_) => Self::Struct(stored),
            Fields::Unnamed(_) => match stored.pop() {
                Some(only) if count == 1 => Self::Newtype(Box::new(only)),
                last => {
                    stored.extend(last);
                    Self::Tuple(stored)
                }
            },
            Fields::Unit => Self::Unit,
        }
    }

    /// Every stored field.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &WireField> {
        match self {
            Self::Unit => &[],
            Self::Newtype(field) => std::slice::from_ref(&**field),
            Self::Tuple(fields) | Self::Struct(fields) => fields.as_slice(),
        }
        .iter()
    }
}
