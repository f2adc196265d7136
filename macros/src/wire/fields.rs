//! The fields of a struct or variant as they are stored.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Fields, Type, ext::IdentExt};

use super::{Recursion, attrs::FieldAttrs, mentions, rename::RenameRule};
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
    /// It is said to lead back to the type that it is in.
    pub(crate) recursive: bool,
    /// The type that it is in, where its own type mentions it.
    pub(crate) owner: Option<String>,
}

impl WireField {
    /// The type whose shape it has.
    pub(crate) fn stored_type(&self) -> &Type {
        self.shape_as.as_ref().unwrap_or(&self.ty)
    }

    /// How it leads back to the type that it is in, if it does.
    pub(crate) fn recursion(&self) -> Option<Recursion<'_>> {
        let recursion = Recursion { owner: self.owner.as_deref(), told: self.recursive };
        (recursion.told || recursion.owner.is_some()).then_some(recursion)
    }
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
                owner: None,
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

    /// Notes in every field whose type mentions it that it is a part of this type.
    pub(crate) fn within(mut self, owner: &Ident) -> Self {
        let fields = match &mut self {
            Self::Unit => &mut [],
            Self::Newtype(field) => std::slice::from_mut(&mut **field),
            Self::Tuple(fields) | Self::Struct(fields) => fields.as_mut_slice(),
        };
        let owner = owner.to_string();
        for field in fields {
            if mentions(field.stored_type().to_token_stream(), &[&owner, "Self"]) {
                field.owner = Some(owner.clone());
            }
        }
        self
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
