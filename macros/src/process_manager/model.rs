//! What `#[process_manager]` is told.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{Attribute, LitStr, Member, Path, ReturnType, Type};

use super::check;
use crate::{
    attribute::{Options, take_attributes},
    driver::Input,
    errors::Errors,
    event_parameters::{self, EventParameter, There},
    impl_block::{self, ImplBlock, Item, Method, without_self},
    keywords::{BY, CRATE, DEADLINE, KEY, NAME, ON},
    messages::process_manager as messages,
    naming::snake_case,
    paths::Runtime,
    patterns::{self, Variant},
    source::documentation,
};

const OWNER: &str = "process_manager";

pub(crate) struct Process {
    /// The block without our attributes.
    pub(super) block: ImplBlock,
    pub(super) key: Option<Type>,
    pub(super) name: Option<LitStr>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) deadlines: Vec<Deadline>,
    pub(super) runtime: Runtime,
}

/// A method, and the variants that it reacts to.
pub(crate) struct Reaction {
    pub(super) patterns: Vec<Variant>,
    /// The field that names the instance.
    pub(super) by: Option<Member>,
    pub(super) call: Call,
    /// What is said of it.
    pub(super) doc: String,
}

/// A method that is called when a time has come.
pub(crate) struct Deadline {
    pub(super) name: Option<LitStr>,
    pub(super) call: Call,
    /// What is said of it.
    pub(super) doc: String,
}

/// A method, and what it is given.
pub(crate) struct Call {
    pub(super) name: Ident,
    pub(super) parameters: Vec<EventParameter>,
    /// None where it returns nothing.
    pub(super) result: Option<Type>,
}

impl Process {
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
        patterns::enums(self.reactions.iter().flat_map(|reaction| &reaction.patterns))
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        let reactions = self.reactions.iter().map(|reaction| &reaction.call);
        reactions.chain(self.deadlines.iter().map(|deadline| &deadline.call))
    }
}

impl Deadline {
    /// Its name in the store.
    pub(super) fn stored_name(&self) -> String {
        self.name.as_ref().map_or_else(|| self.plain_name(), LitStr::value)
    }

    /// The constant that sets it in the source.
    pub(super) fn constant(&self) -> Ident {
        Ident::new(&self.plain_name().to_uppercase(), self.call.name.span())
    }

    fn plain_name(&self) -> String {
        let name = self.call.name.to_string();
        name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
    }
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Process> {
    let mut options = Options::read(input.args.clone(), OWNER, &[KEY, NAME, CRATE], errors);
    let runtime = Runtime::new(options.take_path(CRATE, errors).as_ref());
    let has_key = options.key(KEY).is_some() || !errors.is_empty();
    let key = options.take_type(KEY, errors);
    let name = options.take_string(NAME, errors);
    let mut block = impl_block::read(input, messages::not_an_impl_block, messages::on_a_trait_impl, errors)?;
    if !has_key {
        errors.push(&block.ty, messages::no_key());
    }
    let before = errors.count();
    let ty = block.ty.clone();
    let (mut reactions, mut deadlines) = (Vec::new(), Vec::new());
    for item in &mut block.items {
        let Item::Method(method) = item else { continue };
        let on = take_attributes(&mut method.attrs, ON);
        let is_deadline = method.attrs.iter().any(|attr| attr.path().is_ident(DEADLINE));
        let mut options = Options::take_from(&mut method.attrs, DEADLINE, &[NAME], errors);
        let name = options.take_string(NAME, errors);
        let text = method.signature.ident.to_string();
        match (&on[..], is_deadline) {
            ([], false) => errors.push(&method.signature.ident, messages::neither(&text)),
            ([], true) => deadlines.extend(read_deadline(method, name, &ty, errors)),
            ([on], false) => reactions.extend(read_reaction(method, on, &ty, errors)),
            (_, true) => errors.push(&method.signature.ident, messages::both(&text)),
            ([_, second, ..], false) => errors.push(second, messages::two_patterns()),
        }
    }
    if reactions.is_empty() && errors.count() == before {
        errors.push(&block.ty, messages::no_reactions());
    }
    Some(Process { block, key, name, reactions, deadlines, runtime })
}

fn read_reaction(method: &Method, on: &Attribute, ty: &Type, errors: &mut Errors) -> Option<Reaction> {
    let before = errors.count();
    let (patterns, by) = read_on(on, errors)?;
    check::check_patterns(&patterns, errors);
    check::check_method(method, errors);
    let bound = patterns::bound(&patterns);
    let names: Vec<String> = bound.iter().map(Ident::to_string).collect();
    let unknown = |name: &str| messages::unknown_parameter(name, names.iter().map(String::as_str));
    let there = There { bound: &bound, event: true, key: true, unknown: &unknown };
    let parameters =
        method.parameters().filter_map(|input| event_parameters::read(input, &there, ty, errors)).collect();
    let result = read_result(method, ty, errors);
    let call = Call { name: method.signature.ident.clone(), parameters, result };
    (errors.count() == before).then(|| Reaction { patterns, by, call, doc: documentation(&method.attrs) })
}

/// `Event::Variant { field }, by = field`
fn read_on(on: &Attribute, errors: &mut Errors) -> Option<(Vec<Variant>, Option<Member>)> {
    let tokens = match &on.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        other => {
            errors.push(other, messages::not_a_pattern());
            return None;
        }
    };
    let (patterns, rest) = patterns::read_pattern(tokens, on, messages::not_a_pattern, errors)?;
    let mut rest = rest.into_iter();
    match rest.next() {
        None => return Some((patterns, None)),
        Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => {}
        Some(other) => {
            errors.push(other, messages::not_a_pattern());
            return None;
        }
    }
    let before = errors.count();
    let mut options = Options::read(rest.collect::<TokenStream>(), ON, &[BY], errors);
    let by = options.take::<Member>(BY, "by = field", errors);
    (errors.count() == before).then_some((patterns, by))
}

/// A deadline goes on with its name where the rest has a mistake, so that what sets it has none.
fn read_deadline(method: &Method, name: Option<LitStr>, ty: &Type, errors: &mut Errors) -> Option<Deadline> {
    check::check_method(method, errors);
    let there = There { bound: &[], event: false, key: true, unknown: &messages::deadline_parameter };
    let parameters =
        method.parameters().filter_map(|input| event_parameters::read(input, &there, ty, errors)).collect();
    let result = read_result(method, ty, errors);
    let call = Call { name: method.signature.ident.clone(), parameters, result };
    Some(Deadline { name, call, doc: documentation(&method.attrs) })
}

fn read_result(method: &Method, ty: &Type, errors: &mut Errors) -> Option<Type> {
    let ReturnType::Type(_, result) = &method.signature.output else { return None };
    if matches!(&**result, Type::ImplTrait(_) | Type::Infer(_)) {
        errors.push(result, messages::unnamed_reaction(&method.signature.ident.to_string()));
        return None;
    }
    Some(syn::parse2(without_self(result, ty)).unwrap_or_else(|_| (**result).clone()))
}

/// The place of a name in generated code.
pub(super) fn at(name: &Ident) -> Span {
    name.span().resolved_at(Span::call_site())
}
