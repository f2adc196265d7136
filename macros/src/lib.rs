//! The macros of gesta. Use them through the `gesta` crate, which documents them where they can be run.

mod attribute;
mod driver;
mod errors;
mod event;
mod id;
mod keywords;
mod messages;
mod naming;
mod paths;
mod provide;
mod schema;
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
