//! What `#[aggregate]` is told.

use syn::{Data, DeriveInput, Field, Fields, Ident, LitStr, Type, Variant};

use crate::{
    attribute::Options,
    driver::Input,
    errors::Errors,
    keywords::{CRATE, EVENT, ID, NAME, SNAPSHOT_EVERY, STATES},
    messages::aggregate as messages,
    naming::snake_case,
    paths::Runtime,
};

const OWNER: &str = "aggregate";

pub(crate) struct Aggregate {
    pub(super) item: DeriveInput,
    pub(super) id: Option<Type>,
    pub(super) event: Option<Type>,
    pub(super) name: Option<LitStr>,
    pub(super) snapshot_every: Option<u64>,
    /// The word that makes each variant a state.
    pub(super) states: Option<Ident>,
    pub(super) runtime: Runtime,
}

impl Aggregate {
    pub(super) fn ident(&self) -> &Ident {
        &self.item.ident
    }

    /// The category of its streams.
    pub(super) fn stream_name(&self) -> String {
        self.name.as_ref().map_or_else(|| snake_case(&self.ident().to_string()), LitStr::value)
    }

    /// The variants, where each is a state.
    pub(super) fn states(&self) -> Option<Vec<&Variant>> {
        self.states.as_ref()?;
        match &self.item.data {
            Data::Enum(data) if !data.variants.is_empty() => Some(data.variants.iter().collect()),
            _ => None,
        }
    }

    /// Every field of the state with its name, those of an enum's variants included.
    pub(super) fn fields(&self) -> Vec<(String, &Field)> {
        let named = |prefix: &str, fields: &'_ Fields| -> Vec<String> {
            let name = |(i, field): (usize, &Field)| match &field.ident {
                Some(ident) => format!("{prefix}{ident}"),
                None => format!("{prefix}{i}"),
            };
            fields.iter().enumerate().map(name).collect()
        };
        match &self.item.data {
            Data::Struct(data) => named("", &data.fields).into_iter().zip(&data.fields).collect(),
            Data::Enum(data) => data
                .variants
                .iter()
                .flat_map(|variant| {
                    named(&format!("{}.", variant.ident), &variant.fields).into_iter().zip(&variant.fields)
                })
                .collect(),
            Data::Union(_) => Vec::new(),
        }
    }
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Aggregate> {
    let known = [ID, EVENT, STATES, SNAPSHOT_EVERY, NAME, CRATE];
    let mut options = Options::read(input.args.clone(), OWNER, &known, errors);
    let Ok(item) = syn::parse2::<DeriveInput>(input.item.clone()) else {
        errors.push_at(proc_macro2::Span::call_site(), messages::not_a_type());
        return None;
    };
    if matches!(item.data, Data::Union(_)) {
        errors.push(&item.ident, messages::not_a_type());
    }
    check_complete(&options, &item.ident, errors);
    Some(Aggregate {
        id: options.take_type(ID, errors),
        event: options.take_type(EVENT, errors),
        snapshot_every: read_snapshot(&mut options, errors),
        states: options.take_flag(STATES, errors),
        name: options.take_string(NAME, errors),
        runtime: Runtime::new(options.take_path(CRATE, errors).as_ref()),
        item,
    })
}

fn read_snapshot(options: &mut Options, errors: &mut Errors) -> Option<u64> {
    let (every, literal) = options.take_number(SNAPSHOT_EVERY, 0..=u64::MAX, errors)?;
    if every == 0 {
        errors.push(literal, messages::never_a_snapshot());
    }
    Some(every)
}

/// Without an id or events there is no aggregate; a mistake elsewhere in the options may be the reason why.
fn check_complete(options: &Options, name: &Ident, errors: &mut Errors) {
    let missing: Vec<&str> = [ID, EVENT].into_iter().filter(|key| options.key(key).is_none()).collect();
    if !missing.is_empty() && errors.is_empty() {
        errors.push(name, messages::missing(&name.to_string(), &missing));
    }
}
