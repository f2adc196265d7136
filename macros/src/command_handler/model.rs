//! What `#[command_handler]` is told.

use syn::{Attribute, FnArg, Ident, ReturnType, Type};

use super::check;
use crate::{
    attribute::{Options, take_attributes},
    driver::Input,
    errors::Errors,
    impl_block::{self, Access, ImplBlock, Item, Method, without_self},
    keywords::{CRATE, STATE},
    messages::{command_handler as messages, states as sentences},
    naming::type_text,
    parameters::{self, Borrowed, Dependency, check_no_lifetime, is_called, read_borrowed},
    paths::Runtime,
    source::documentation,
    states,
};

pub(crate) struct Handlers {
    pub(super) block: ImplBlock,
    pub(super) handlers: Vec<Handler>,
    /// What all of them together need, each type once.
    pub(super) dependencies: Vec<Dependency>,
    pub(super) runtime: Runtime,
}

pub(crate) struct Handler {
    pub(super) name: Ident,
    pub(super) creates: bool,
    /// The states that its command is for; none for all.
    pub(super) states: Vec<Ident>,
    pub(super) looks_at: LooksAt,
    pub(super) is_async: bool,
    pub(super) command: Type,
    /// `Result<Events, Error>`
    pub(super) result: Type,
    pub(super) parameters: Vec<Parameter>,
    /// What is said of it.
    pub(super) doc: String,
}

/// What of the aggregate a handler takes.
#[derive(Clone)]
pub(crate) enum LooksAt {
    /// `&self`
    Whole,
    /// `draft: &Draft`, what its state holds.
    Inside(Box<Type>),
    Nothing,
}

pub(crate) enum Parameter {
    /// `id: &Id`
    Id(Type),
    /// `&Meta`
    Meta(Type),
    Dependency(Dependency),
}

impl Handler {
    pub(super) fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Dependency(dependency) => Some(dependency),
            _ => None,
        })
    }
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Handlers> {
    let mut options = Options::read(input.args.clone(), "command_handler", &[CRATE], errors);
    let runtime = Runtime::new(options.take_path(CRATE, errors).as_ref());
    let mut block = impl_block::read(input, messages::not_an_impl_block, messages::on_a_trait_impl, errors)?;
    let (before, state, mut handlers) = (errors.count(), block.ty.clone(), Vec::new());
    for item in &mut block.items {
        let Item::Method(method) = item else { continue };
        let attributes = take_attributes(&mut method.attrs, STATE);
        handlers.push(read_handler(method, &attributes, &state, errors));
    }
    if handlers.is_empty() && errors.count() == before {
        errors.push(&block.ty, messages::no_handlers());
    }
    let handlers: Vec<Handler> = handlers.into_iter().flatten().collect();
    let dependencies = parameters::union(handlers.iter().flat_map(Handler::dependencies));
    Some(Handlers { block, handlers, dependencies, runtime })
}

fn read_handler(
    method: &Method,
    attributes: &[Attribute],
    state: &Type,
    errors: &mut Errors,
) -> Option<Handler> {
    let signature = &method.signature;
    check::check_method(method, errors);
    let states = states::read_one(attributes, STATE, errors).unwrap_or_default();
    let looks_at = read_looks_at(method, &states, !attributes.is_empty(), errors);
    let mut inputs = method.parameters();
    if let LooksAt::Inside(_) = looks_at {
        inputs.next();
    }
    let command = match inputs.next() {
        Some(Ok(first)) => read_command(first.ty, errors),
        Some(Err(FnArg::Typed(first))) => read_command(&first.ty, errors),
        _ => {
            errors.push(&signature.ident, messages::no_command(&signature.ident.to_string()));
            None
        }
    };
    let parameters: Vec<_> = inputs.filter_map(|input| read_parameter(input, state, errors)).collect();
    let result = read_result(method, errors);
    // A handler with a mistake goes on as far as it is known, so that its command has one.
    let command = command?;
    let result =
        result.unwrap_or_else(|| syn::parse_quote!(::core::result::Result<(), ::core::convert::Infallible>));
    let outside = |ty: &Type| -> Type { syn::parse2(without_self(ty, state)).unwrap_or_else(|_| ty.clone()) };
    Some(Handler {
        name: signature.ident.clone(),
        creates: method.access() == Access::None && attributes.is_empty(),
        states,
        looks_at: match looks_at {
            LooksAt::Inside(inside) => LooksAt::Inside(Box::new(outside(&inside))),
            other => other,
        },
        is_async: signature.asyncness.is_some(),
        command: outside(&command),
        result: outside(&result),
        parameters,
        doc: documentation(&method.attrs),
    })
}

/// What of the aggregate the handler takes: its first parameter, where that is not the command. `told`: there is a
/// `#[state(..)]`, and what is wrong with it was said.
fn read_looks_at(method: &Method, states: &[Ident], told: bool, errors: &mut Errors) -> LooksAt {
    if method.access() != Access::None {
        return LooksAt::Whole;
    }
    let mut inputs = method.types();
    let (Some((name, first)), second) = (inputs.next(), inputs.next()) else { return LooksAt::Nothing };
    let handler = method.signature.ident.to_string();
    let next_is_a_command = matches!(second, Some((_, Type::Path(_))));
    match first {
        Type::Reference(reference) if next_is_a_command => {
            if reference.mutability.is_some() {
                errors.push(first, messages::changes_state(&handler));
            } else if states.is_empty() && !told {
                errors.push(first, messages::state_not_named(&name, &type_text(&reference.elem)));
            } else if let Some(second) = states.get(1) {
                errors.push(second, sentences::inside_of_several(&name));
            }
            LooksAt::Inside(reference.elem.clone())
        }
        ty if next_is_a_command && states.iter().any(|state| is_called(ty, &state.to_string())) => {
            errors.push(ty, messages::takes_inside(&name, &type_text(ty)));
            LooksAt::Inside(Box::new(ty.clone()))
        }
        _ => LooksAt::Nothing,
    }
}

fn read_command(ty: &Type, errors: &mut Errors) -> Option<Type> {
    match ty {
        Type::Path(_) => {
            check_no_lifetime(ty, &messages::command_lifetime(), errors);
            Some(ty.clone())
        }
        Type::Reference(reference) => {
            errors.push(ty, messages::borrowed_command(&type_text(&reference.elem)));
            matches!(&*reference.elem, Type::Path(_)).then(|| (*reference.elem).clone())
        }
        _ => {
            errors.push(ty, messages::not_a_command());
            None
        }
    }
}

fn read_parameter(
    input: Result<crate::impl_block::Parameter<'_>, &FnArg>,
    state: &Type,
    errors: &mut Errors,
) -> Option<Parameter> {
    let Borrowed { name, inner, outside } = read_borrowed(input, state, errors)?;
    if name == "id" {
        return Some(Parameter::Id(outside));
    }
    if is_called(inner, "Meta") {
        return Some(Parameter::Meta(outside));
    }
    Dependency::read(&name.to_string(), inner, outside, errors).map(Parameter::Dependency)
}

fn read_result(method: &Method, errors: &mut Errors) -> Option<Type> {
    let name = &method.signature.ident;
    match &method.signature.output {
        ReturnType::Default => {
            errors.push(name, messages::no_result(&name.to_string()));
            None
        }
        // An alias such as `io::Result<..>` may hide one; what it is in truth is asked of the compiler.
        ReturnType::Type(_, ty) if matches!(&**ty, Type::Path(_)) && !is_events(ty) => Some((**ty).clone()),
        ReturnType::Type(_, ty) => {
            errors.push(ty, messages::not_a_result(&name.to_string()));
            None
        }
    }
}

/// What is returned by somebody who has forgotten the `Result`: the compiler would say so, but at every use.
fn is_events(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| {
        let name = last.ident.to_string();
        matches!(name.as_str(), "Option" | "Vec") || name.ends_with("Event")
    })
}
