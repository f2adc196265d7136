//! What a method that reacts to an event, or to a time, may ask for.

use syn::{FnArg, Ident, Type};

use crate::{
    errors::Errors,
    impl_block::{Parameter, without_self},
    messages::parameters as messages,
    naming::type_text,
    parameters::is_called,
};

pub(crate) enum EventParameter {
    /// What the pattern binds.
    Bound(Ident),
    /// `id: &Id`: the stream's.
    Id(Type),
    /// `key: &Key`: the instance's.
    Key(Type),
    /// `&Meta`
    Meta(Type),
}

/// What is there to be asked for.
pub(crate) struct There<'a> {
    /// What the pattern binds.
    pub(crate) bound: &'a [Ident],
    /// Whether there is an event, with a stream and metadata.
    pub(crate) event: bool,
    /// Whether there is an instance with a key.
    pub(crate) key: bool,
    /// What is said of another parameter.
    pub(crate) unknown: &'a dyn Fn(&str) -> String,
}

/// Reads a parameter, or says why it cannot be asked for.
pub(crate) fn read(
    input: Result<Parameter<'_>, &FnArg>,
    there: &There<'_>,
    ty: &Type,
    errors: &mut Errors,
) -> Option<EventParameter> {
    let parameter = match input {
        Ok(parameter) => parameter,
        Err(other) => {
            errors.push(other, messages::not_a_name());
            return None;
        }
    };
    let name = parameter.name.to_string();
    let (borrowed, inner) = match parameter.ty {
        Type::Reference(reference) => (reference.mutability.is_none(), &*reference.elem),
        other => (false, other),
    };
    let outside = || syn::parse2(without_self(inner, ty)).unwrap_or_else(|_| inner.clone());
    let found = match name.as_str() {
        _ if there.bound.contains(parameter.name) => EventParameter::Bound(parameter.name.clone()),
        "key" if there.key => EventParameter::Key(outside()),
        "id" if there.event => EventParameter::Id(outside()),
        _ if there.event && is_called(inner, "Meta") => EventParameter::Meta(outside()),
        _ => {
            errors.push(parameter.name, (there.unknown)(&name));
            return None;
        }
    };
    if !borrowed {
        errors.push(parameter.ty, messages::borrowed(&name, &type_text(inner)));
        return None;
    }
    Some(found)
}
