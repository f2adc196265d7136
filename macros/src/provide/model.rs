//! The struct as its author means it.

use proc_macro2::Ident;
use syn::{Data, DeriveInput, Generics, Member, Type};

use crate::{
    attribute::Options, driver::Input, errors::Errors, keywords, messages::provide as messages,
    naming::type_text, paths::Runtime,
};

/// What provides dependencies.
pub(crate) struct Provider {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) runtime: Runtime,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A field that handlers can ask for.
pub(crate) struct Dependency {
    pub(crate) member: Member,
    /// The type that is asked for: of a reference, the type behind it.
    pub(crate) ty: Type,
    /// The same, to compare.
    pub(crate) text: String,
    pub(crate) is_reference: bool,
}

pub(crate) fn read(input: &Input, errors: &mut Errors) -> Option<Provider> {
    let mut item: DeriveInput = errors.keep(syn::parse2(input.item.clone()))?;
    let name = item.ident.to_string();
    let known = [keywords::CRATE, keywords::SKIP];
    let mut options = Options::take_from(&mut item.attrs, keywords::PROVIDE, &known, errors);
    let runtime = Runtime::new(options.take_path(keywords::CRATE, errors).as_ref());
    if let Some(skip) = options.key(keywords::SKIP) {
        errors.push(skip, messages::on_struct());
    }
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
    let mut dependencies = Vec::new();
    for (mut field, member) in fields.into_iter().zip(members) {
        let mut options = Options::take_from(&mut field.attrs, keywords::PROVIDE, &[keywords::SKIP], errors);
        if options.take_flag(keywords::SKIP, errors).is_some() {
            continue;
        }
        let (ty, is_reference) = match field.ty {
            Type::Reference(reference) => (*reference.elem, true),
            ty => (ty, false),
        };
        dependencies.push(Dependency { member, text: type_text(&ty), ty, is_reference });
    }
    Some(Provider { ident: item.ident, generics: item.generics, runtime, dependencies })
}
