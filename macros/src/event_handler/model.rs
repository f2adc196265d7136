//! What `#[event_handler]` is told.

use proc_macro2::Span;
use syn::{
    Attribute, FnArg, GenericArgument, Ident, LitStr, Path, PathArguments, ReturnType, Type, spanned::Spanned,
};

use super::check;
use crate::{
    attribute::{Options, take_attributes},
    driver::Input,
    errors::Errors,
    impl_block::{self, ImplBlock, Item, Method, without_self},
    keywords::{CRATE, NAME, ON},
    messages::event_handler as messages,
    naming::snake_case,
    parameters::{self, Borrowed, Dependency, is_called, read_borrowed},
    paths::Runtime,
    patterns::{self, Variant},
    policy::{self, Policy},
    source::documentation,
};

const OWNER: &str = "event_handler";

pub(crate) struct EventHandler {
    /// The block without our attributes.
    pub(super) block: ImplBlock,
    pub(super) name: Option<LitStr>,
    pub(super) policy: Policy,
    pub(super) methods: Vec<Reaction>,
    /// What all of them together need, each type once.
    pub(super) dependencies: Vec<Dependency>,
    pub(super) runtime: Runtime,
}

/// One method and the variants that it reacts to.
pub(crate) struct Reaction {
    pub(super) name: Ident,
    pub(super) is_async: bool,
    pub(super) patterns: Vec<Variant>,
    pub(super) parameters: Vec<Parameter>,
    /// `Result<(), Error>`
    pub(super) result: Type,
    /// What is said of it.
    pub(super) doc: String,
}

pub(crate) enum Parameter {
    /// What the pattern binds.
    Bound(Ident),
    /// `id: &Id`
    Id(Type),
    /// `&Meta`
    Meta(Type),
    /// `&IdempotencyKey`
    Key(Type),
    /// `&Delivery`
    Delivery(Type),
    /// `&App<Bank>`
    App(Type),
    Dependency(Dependency),
}

impl Reaction {
    pub(super) fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Dependency(dependency) => Some(dependency),
            _ => None,
        })
    }

    /// The last name of the error's type; none where an alias hides it.
    pub(super) fn error_name(&self) -> Option<&Ident> {
        match self.error()? {
            Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
            _ => None,
        }
    }

    /// Where the error stands; the result itself where it is written in another way.
    pub(super) fn error_span(&self) -> Span {
        self.error().map_or_else(|| self.result.span(), Spanned::span)
    }

    fn error(&self) -> Option<&Type> {
        let Type::Path(path) = &self.result else { return None };
        let PathArguments::AngleBracketed(list) = &path.path.segments.last()?.arguments else { return None };
        match list.args.last() {
            Some(GenericArgument::Type(ty)) if list.args.len() == 2 => Some(ty),
            _ => None,
        }
    }
}

impl EventHandler {
    /// Its name in the store.
    pub(super) fn stored_name(&self) -> String {
        let of_type = || match &self.block.ty {
            Type::Path(path) => path.path.segments.last().map(|last| snake_case(&last.ident.to_string())),
            _ => None,
        };
        self.name.as_ref().map(LitStr::value).or_else(of_type).unwrap_or_default()
    }

    /// The enums that it reacts to, in the order of their first mention.
    pub(super) fn enums(&self) -> Vec<Path> {
        patterns::enums(self.methods.iter().flat_map(|method| &method.patterns))
    }
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<EventHandler> {
    let known: Vec<&str> = [NAME].into_iter().chain(policy::OPTIONS).chain([CRATE]).collect();
    let mut options = Options::read(input.args.clone(), OWNER, &known, errors);
    let runtime = Runtime::new(options.take_path(CRATE, errors).as_ref());
    let name = options.take_string(NAME, errors);
    let policy = Policy::read(&mut options, errors);
    let mut block = impl_block::read(input, messages::not_an_impl_block, messages::on_a_trait_impl, errors)?;
    let before = errors.count();
    let ty = block.ty.clone();
    let mut methods = Vec::new();
    let mut any = false;
    for item in &mut block.items {
        let Item::Method(method) = item else { continue };
        any = true;
        let attributes = take_attributes(&mut method.attrs, ON);
        methods.extend(read_method(method, &attributes, &ty, errors));
    }
    if !any && errors.count() == before {
        errors.push(&block.ty, messages::no_reactions());
    }
    let dependencies = parameters::union(methods.iter().flat_map(Reaction::dependencies));
    Some(EventHandler { block, name, policy, methods, dependencies, runtime })
}

fn read_method(
    method: &Method,
    attributes: &[Attribute],
    ty: &Type,
    errors: &mut Errors,
) -> Option<Reaction> {
    let name = &method.signature.ident;
    let patterns = match attributes {
        [] => {
            errors.push(name, messages::no_pattern(&name.to_string()));
            return None;
        }
        [on] => patterns::read_on(on, messages::not_a_pattern, messages::more_than_a_pattern, errors)?,
        [_, second, ..] => {
            errors.push(second, messages::two_patterns());
            return None;
        }
    };
    let before = errors.count();
    check::check_patterns(&patterns, errors);
    check::check_method(method, errors);
    let bound = patterns::bound(&patterns);
    let parameters: Vec<_> =
        method.parameters().filter_map(|input| read_parameter(input, &bound, ty, errors)).collect();
    let result = read_result(method, errors)?;
    (errors.count() == before).then(|| Reaction {
        name: name.clone(),
        is_async: method.signature.asyncness.is_some(),
        patterns,
        parameters,
        result: syn::parse2(without_self(&result, ty)).unwrap_or(result),
        doc: documentation(&method.attrs),
    })
}

fn read_parameter(
    input: Result<impl_block::Parameter<'_>, &FnArg>,
    bound: &[Ident],
    ty: &Type,
    errors: &mut Errors,
) -> Option<Parameter> {
    if let Ok(parameter) = &input
        && bound.contains(parameter.name)
    {
        check::check_borrowed(parameter, errors);
        return Some(Parameter::Bound(parameter.name.clone()));
    }
    let Borrowed { name, inner, outside } = read_borrowed(input, ty, errors)?;
    Some(match () {
        () if name == "id" => Parameter::Id(outside),
        () if is_called(inner, "Meta") => Parameter::Meta(outside),
        () if is_called(inner, "IdempotencyKey") => Parameter::Key(outside),
        () if is_called(inner, "Delivery") => Parameter::Delivery(outside),
        () if is_called(inner, "App") => Parameter::App(outside),
        () => Parameter::Dependency(Dependency::read(&name.to_string(), inner, outside, errors)?),
    })
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
