//! The struct as its author means it.

use proc_macro2::Ident;
use syn::{Attribute, Data, DeriveInput, Generics, Member, Type};

use crate::{
    attribute::Options, driver::Input, errors::Errors, keywords, messages::id as messages, paths::Runtime,
};

/// An identity.
pub(crate) struct IdStruct {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) runtime: Runtime,
    /// How the value is reached, and its type.
    pub(crate) member: Member,
    pub(crate) value: Type,
}

pub(crate) fn read(input: &Input, errors: &mut Errors) -> Option<IdStruct> {
    let mut item: DeriveInput = errors.keep(syn::parse2(input.item.clone()))?;
    let name = item.ident.to_string();
    let mut options = Options::take_from(&mut item.attrs, keywords::ID, &[keywords::CRATE], errors);
    let runtime = Runtime::new(options.take_path(keywords::CRATE, errors).as_ref());
    let fields = match item.data {
        Data::Struct(data) => data.fields,
        Data::Enum(data) => {
            errors.push(data.enum_token, messages::not_a_struct(&name, "an enum"));
            return None;
        }
        Data::Union(data) => {
            errors.push(data.union_token, messages::not_a_struct(&name, "a union"));
            return None;
        }
    };
    let members: Vec<Member> = fields.members().collect();
    let mut fields = fields.into_iter().zip(members);
    let Some((field, member)) = fields.next() else {
        errors.push(&item.ident, messages::no_value(&name));
        return None;
    };
    if let Some((second, _)) = fields.next() {
        errors.push(second, messages::several_values(&name));
        return None;
    }
    let (ident, generics) = (item.ident, item.generics);
    let attrs = item.attrs.into_iter().chain(field.attrs).collect();
    Some(IdStruct { ident, generics, attrs, runtime, member, value: field.ty })
}
