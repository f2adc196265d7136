//! The macros of gesta. Use them through the `gesta` crate, which documents them where they can be run.

mod attribute;
mod driver;
mod errors;
mod event;
mod keywords;
mod messages;
mod naming;
mod paths;
mod suggest;
mod wire;

use proc_macro::TokenStream;

/// Documented as `gesta::event`.
#[proc_macro_attribute]
pub fn event(args: TokenStream, item: TokenStream) -> TokenStream {
    driver::run::<event::Event>(args.into(), item.into()).into()
}
