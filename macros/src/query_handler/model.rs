//! What `#[query_handler]` is told.

use syn::{FnArg, Ident, ReturnType, Type};

use super::check;
use crate::{
    attribute::Options,
    driver::Input,
    errors::Errors,
    impl_block::{self, ImplBlock, Method, without_self},
    keywords::CRATE,
    messages::query_handler as messages,
    naming::type_text,
    parameters::{self, Borrowed, Dependency, check_no_lifetime, is_called, read_borrowed},
    paths::Runtime,
    source::documentation,
};

pub(crate) struct Queries {
    pub(super) block: ImplBlock,
    pub(super) handlers: Vec<Handler>,
    /// What all of them together need, each type once.
    pub(super) dependencies: Vec<Dependency>,
    pub(super) runtime: Runtime,
}

pub(crate) struct Handler {
    pub(super) name: Ident,
    pub(super) is_async: bool,
    pub(super) query: Type,
    /// `Result<Answer, Error>`
    pub(super) result: Type,
    pub(super) parameters: Vec<Parameter>,
    /// What is said of it.
    pub(super) doc: String,
}

pub(crate) enum Parameter {
    /// `&Reader`
    Reader(Type),
    Dependency(Dependency),
}

impl Handler {
    pub(super) fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Dependency(dependency) => Some(dependency),
            Parameter::Reader(_) => None,
        })
    }
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Queries> {
    let mut options = Options::read(input.args.clone(), "query_handler", &[CRATE], errors);
    let runtime = Runtime::new(options.take_path(CRATE, errors).as_ref());
    let block = impl_block::read(input, messages::not_an_impl_block, messages::on_a_trait_impl, errors)?;
    let before = errors.count();
    let handlers: Vec<_> = block.methods().map(|method| read_handler(method, &block.ty, errors)).collect();
    if handlers.is_empty() && errors.count() == before {
        errors.push(&block.ty, messages::no_handlers());
    }
    let handlers: Vec<Handler> = handlers.into_iter().flatten().collect();
    let dependencies = parameters::union(handlers.iter().flat_map(Handler::dependencies));
    Some(Queries { block, handlers, dependencies, runtime })
}

fn read_handler(method: &Method, state: &Type, errors: &mut Errors) -> Option<Handler> {
    let signature = &method.signature;
    let before = errors.count();
    check::check_method(method, errors);
    let mut inputs = method.parameters();
    let query = match inputs.next() {
        Some(Ok(first)) => read_query(first.ty, errors),
        Some(Err(FnArg::Typed(first))) => read_query(&first.ty, errors),
        // With `self`, the query may well have been left out for it.
        _ if errors.count() > before => None,
        _ => {
            errors.push(&signature.ident, messages::no_query(&signature.ident.to_string()));
            None
        }
    };
    let parameters: Vec<_> = inputs.filter_map(|input| read_parameter(input, state, errors)).collect();
    let result = read_result(method, errors);
    // A handler with a mistake goes on as far as it is known, so that its query has one.
    let query = query?;
    let result =
        result.unwrap_or_else(|| syn::parse_quote!(::core::result::Result<(), ::core::convert::Infallible>));
    let outside = |ty: &Type| -> Type { syn::parse2(without_self(ty, state)).unwrap_or_else(|_| ty.clone()) };
    Some(Handler {
        name: signature.ident.clone(),
        is_async: signature.asyncness.is_some(),
        query: outside(&query),
        result: outside(&result),
        parameters,
        doc: documentation(&method.attrs),
    })
}

fn read_query(ty: &Type, errors: &mut Errors) -> Option<Type> {
    match ty {
        Type::Path(_) => {
            check_no_lifetime(ty, &messages::query_lifetime(), errors);
            Some(ty.clone())
        }
        Type::Reference(reference) if is_called(&reference.elem, "Reader") => {
            errors.push(ty, messages::reader_first());
            None
        }
        Type::Reference(reference) => {
            errors.push(ty, messages::borrowed_query(&type_text(&reference.elem)));
            matches!(&*reference.elem, Type::Path(_)).then(|| (*reference.elem).clone())
        }
        _ => {
            errors.push(ty, messages::not_a_query());
            None
        }
    }
}

fn read_parameter(
    input: Result<impl_block::Parameter<'_>, &FnArg>,
    state: &Type,
    errors: &mut Errors,
) -> Option<Parameter> {
    let Borrowed { name, inner, outside } = read_borrowed(input, state, errors)?;
    if is_called(inner, "Reader") {
        return Some(Parameter::Reader(outside));
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
        ReturnType::Type(_, ty) if matches!(&**ty, Type::Path(_)) => Some((**ty).clone()),
        ReturnType::Type(_, ty) => {
            errors.push(ty, messages::not_a_result(&name.to_string()));
            None
        }
    }
}
