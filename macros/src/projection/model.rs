//! What `#[projection]` is told.

use proc_macro2::Span;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Ident, LitStr, Type, Visibility};

use crate::{
    attribute::{Options, take_attributes},
    driver::Input,
    errors::Errors,
    keywords::{CRATE, INDEX, INLINE, KEY, NAME, VERSION},
    messages::projection as messages,
    naming::snake_case,
    paths::Runtime,
};

const OWNER: &str = "projection";

pub(crate) struct Projection {
    /// The item without our attributes.
    pub(super) item: DeriveInput,
    pub(super) key: Option<Type>,
    pub(super) version: u64,
    pub(super) name: Option<LitStr>,
    pub(super) inline: bool,
    pub(super) indexes: Vec<Index>,
    pub(super) runtime: Runtime,
}

/// A field that documents are found by.
pub(crate) struct Index {
    pub(super) field: Ident,
    pub(super) ty: Type,
    pub(super) visibility: Visibility,
    pub(super) name: Option<LitStr>,
}

impl Projection {
    pub(super) fn ident(&self) -> &Ident {
        &self.item.ident
    }

    /// Its name in the store.
    pub(super) fn stored_name(&self) -> String {
        self.name.as_ref().map_or_else(|| snake_case(&self.ident().to_string()), LitStr::value)
    }
}

impl Index {
    /// Its name in the store.
    pub(super) fn stored_name(&self) -> String {
        self.name.as_ref().map_or_else(|| self.field_name(), LitStr::value)
    }

    /// The constant by which documents are found in the source.
    pub(super) fn constant(&self) -> Ident {
        Ident::new(&self.field_name().to_uppercase(), self.field.span())
    }

    pub(super) fn field_name(&self) -> String {
        let name = self.field.to_string();
        name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
    }
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Projection> {
    let known = [KEY, VERSION, NAME, INLINE, CRATE];
    let mut options = Options::read(input.args.clone(), OWNER, &known, errors);
    let Ok(mut item) = syn::parse2::<DeriveInput>(input.item.clone()) else {
        errors.push_at(Span::call_site(), messages::not_a_type());
        return None;
    };
    if matches!(item.data, Data::Union(_)) {
        errors.push(&item.ident, messages::not_a_type());
    }
    // A mistake elsewhere in the options may be the reason why there is no key.
    if options.key(KEY).is_none() && errors.is_empty() {
        errors.push(&item.ident, messages::no_key(&item.ident.to_string()));
    }
    Some(Projection {
        key: options.take_type(KEY, errors),
        version: options.take_number(VERSION, 1..=u32::MAX.into(), errors).map_or(1, |(version, _)| version),
        name: options.take_string(NAME, errors),
        inline: options.take_flag(INLINE, errors).is_some(),
        runtime: Runtime::new(options.take_path(CRATE, errors).as_ref()),
        indexes: read_indexes(&mut item, errors),
        item,
    })
}

/// Takes `#[index]` off the fields.
fn read_indexes(item: &mut DeriveInput, errors: &mut Errors) -> Vec<Index> {
    match &mut item.data {
        Data::Struct(data) => data.fields.iter_mut().filter_map(|field| read_index(field, errors)).collect(),
        Data::Enum(data) => {
            let fields = data.variants.iter_mut().flat_map(|variant| match &mut variant.fields {
                Fields::Named(fields) => fields.named.iter_mut().collect::<Vec<_>>(),
                Fields::Unnamed(fields) => fields.unnamed.iter_mut().collect(),
                Fields::Unit => Vec::new(),
            });
            let found: Vec<Attribute> =
                fields.flat_map(|field| take_attributes(&mut field.attrs, INDEX)).collect();
            for attribute in found {
                errors.push(attribute, messages::index_without_name());
            }
            Vec::new()
        }
        Data::Union(_) => Vec::new(),
    }
}

fn read_index(field: &mut Field, errors: &mut Errors) -> Option<Index> {
    let attribute = field.attrs.iter().find(|attr| attr.path().is_ident(INDEX)).cloned()?;
    let mut options = Options::take_from(&mut field.attrs, INDEX, &[NAME], errors);
    let name = options.take_string(NAME, errors);
    let Some(ident) = &field.ident else {
        errors.push(attribute, messages::index_without_name());
        return None;
    };
    Some(Index { field: ident.clone(), ty: field.ty.clone(), visibility: field.vis.clone(), name })
}
