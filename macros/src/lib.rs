//! The macros of gesta. Use them through the `gesta` crate, which documents them where they can be run.

mod aggregate;
mod apply;
mod attribute;
mod command_handler;
mod domain;
mod driver;
mod duration;
mod errors;
mod event;
mod event_handler;
mod event_parameters;
mod id;
mod impl_block;
mod keywords;
mod messages;
mod naming;
mod parameters;
mod paths;
mod patterns;
mod policy;
mod process_manager;
mod projection;
mod provide;
mod query_handler;
mod recorded;
mod saga;
mod schema;
mod source;
mod states;
mod steps;
mod suggest;
mod wire;

use proc_macro::TokenStream;

/// Documented as `gesta::Id`.
#[proc_macro_derive(Id, attributes(id, serde))]
pub fn derive_id(item: TokenStream) -> TokenStream {
    driver::run::<id::Id>(TokenStream::new().into(), item.into()).into()
}

/// Documented as `gesta::Schema`.
#[proc_macro_derive(Schema, attributes(schema, serde))]
pub fn derive_schema(item: TokenStream) -> TokenStream {
    driver::run::<schema::Schema>(TokenStream::new().into(), item.into()).into()
}

/// Documented as `gesta::Provide`.
#[proc_macro_derive(Provide, attributes(provide))]
pub fn derive_provide(item: TokenStream) -> TokenStream {
    driver::run::<provide::Provide>(TokenStream::new().into(), item.into()).into()
}

/// Documented as `gesta::event`.
#[proc_macro_attribute]
pub fn event(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<event::Event>(args.into(), item.into()).into()
}

/// Documented as `gesta::aggregate`.
#[proc_macro_attribute]
pub fn aggregate(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<aggregate::AggregateMacro>(args.into(), item.into()).into()
}

/// Documented as `gesta::apply`.
#[proc_macro_attribute]
pub fn apply(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<apply::ApplyMacro>(args.into(), item.into()).into()
}

/// Documented as `gesta::command_handler`.
#[proc_macro_attribute]
pub fn command_handler(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<command_handler::CommandHandlerMacro>(args.into(), item.into()).into()
}

/// Documented as `gesta::projection`.
#[proc_macro_attribute]
pub fn projection(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<projection::ProjectionMacro>(args.into(), item.into()).into()
}

/// Documented as `gesta::query_handler`.
#[proc_macro_attribute]
pub fn query_handler(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<query_handler::QueryHandlerMacro>(args.into(), item.into()).into()
}

/// Documented as `gesta::event_handler`.
#[proc_macro_attribute]
pub fn event_handler(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<event_handler::EventHandlerMacro>(args.into(), item.into()).into()
}

/// Documented as `gesta::saga`.
#[proc_macro_attribute]
pub fn saga(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<saga::SagaMacro>(args.into(), item.into()).into()
}

/// Documented as `gesta::process_manager`.
#[proc_macro_attribute]
pub fn process_manager(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<process_manager::ProcessManagerMacro>(args.into(), item.into()).into()
}

/// Documented as `gesta::domain`.
#[proc_macro]
pub fn domain(input: TokenStream) -> TokenStream {
    driver::run::<domain::DomainMacro>(proc_macro2::TokenStream::new(), input.into()).into()
}
