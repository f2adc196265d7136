//! What `#[apply]` is told.

use proc_macro2::{Span, TokenStream};
use syn::{Ident, Member, Path, Type};

use crate::{
    attribute::{Options, take_attributes},
    driver::Input,
    errors::Errors,
    impl_block::{self, ImplBlock, Item, Method},
    keywords::{BY, CRATE, DELETE, IGNORE, IMPOSSIBLE, ON},
    messages::apply as messages,
    naming::pascal_case,
    paths::Runtime,
    patterns::{self, Bound, Variant},
    source::documentation,
    states::{self, Arm, Impossible},
};

const OWNER: &str = "apply";

pub(crate) struct Apply {
    /// The block without our attributes.
    pub(super) block: ImplBlock,
    pub(super) event: Type,
    pub(super) arms: Vec<Arm>,
    pub(super) ignored: Vec<Path>,
    pub(super) impossible: Vec<Impossible>,
    /// The variants that end a document, and the word that says so.
    pub(super) deleted: Vec<Path>,
    pub(super) delete_word: Option<Ident>,
    /// The field that names the document.
    pub(super) by: Option<Member>,
    pub(super) runtime: Runtime,
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Apply> {
    let known = [IGNORE, IMPOSSIBLE, BY, DELETE, CRATE];
    let (first, mut options) = Options::read_after_first(input.args.clone(), OWNER, &known, errors);
    let block = impl_block::read(input, messages::not_an_impl_block, messages::on_a_trait_impl, errors)?;
    let event = read_event(first, errors)?;
    let by = options.take::<Member>(BY, "by = field", errors);
    let ignored = options.take_list::<Path>(IGNORE, "ignore(Renamed, Closed)", errors);
    let ignored = ignored.map(|(_, names)| names).unwrap_or_default();
    let impossible = states::read_impossible(&mut options, errors);
    let (delete_word, deleted) = options.take_list::<Path>(DELETE, "delete(Closed)", errors).unzip();
    let runtime = Runtime::new(options.take_path(CRATE, errors).as_ref());
    let (block, arms) = read_arms(block, errors);
    let deleted = deleted.unwrap_or_default();
    Some(Apply { block, event, arms, ignored, impossible, deleted, delete_word, by, runtime })
}

fn read_event(first: Option<TokenStream>, errors: &mut Errors) -> Option<Type> {
    let Some(tokens) = first else {
        if errors.is_empty() {
            errors.push_at(Span::call_site(), messages::missing_event());
        }
        return None;
    };
    match syn::parse2(tokens.clone()) {
        Ok(Type::Path(path)) => Some(Type::Path(path)),
        _ => {
            errors.push(tokens, messages::not_a_type());
            None
        }
    }
}

/// Takes our attributes off the methods and reads what each applies.
fn read_arms(mut block: ImplBlock, errors: &mut Errors) -> (ImplBlock, Vec<Arm>) {
    let mut arms = Vec::new();
    let state = block.ty.clone();
    for item in &mut block.items {
        let Item::Method(method) = item else { continue };
        arms.extend(read_arm(method, &state, errors));
    }
    (block, arms)
}

fn read_arm(method: &mut Method, state: &Type, errors: &mut Errors) -> Option<Arm> {
    let attributes = take_attributes(&mut method.attrs, ON);
    let way = states::read_way(method, state, errors);
    let name = &method.signature.ident;
    let patterns = match &attributes[..] {
        [] => vec![Variant {
            takes_all: true,
            path: Ident::new(&pascal_case(&name.to_string()), name.span()).into(),
            fields: Bound::ByName,
        }],
        [on] => patterns::read_on(on, messages::not_a_pattern, messages::by_in_pattern, errors)?,
        [_, second, ..] => {
            errors.push(second, messages::two_patterns());
            return None;
        }
    };
    let (way, before) = (way?, errors.count());
    super::check::check_method(method, errors);
    let mut parameters = Vec::new();
    for parameter in states::fields(method, way.takes) {
        match parameter {
            Ok(parameter) => {
                super::check::check_borrowed(&parameter, errors);
                parameters.push(parameter.name.clone());
            }
            Err(other) => errors.push(other, messages::not_a_name()),
        }
    }
    let doc = documentation(&method.attrs);
    (errors.count() == before).then(|| Arm { method: name.clone(), patterns, parameters, way, doc })
}
