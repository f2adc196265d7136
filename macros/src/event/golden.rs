//! The test that reads the samples in `gesta.golden`.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{locked::is_own, model::EventEnum};
use crate::recorded::Sample;

/// A test beside the enum, where there are samples of its events.
pub(super) fn expand(model: &EventEnum, private: &TokenStream) -> TokenStream {
    let Some(golden) = &model.golden else { return TokenStream::new() };
    let samples: Vec<TokenStream> = golden
        .content
        .samples
        .iter()
        .filter(|sample| belongs(model, sample))
        .map(|sample| {
            let Sample { line, name, version, json } = sample;
            // 0 for what is no version.
            let version = Literal::u64_unsuffixed(version.filter(|v| *v <= u16::MAX.into()).unwrap_or(0));
            quote!(#private::codec::Sample::new(#line, #name, #version, #json))
        })
        .collect();
    if samples.is_empty() {
        return TokenStream::new();
    }
    let (name, tracked) = (&model.item.ident, golden.tracked(private));
    let module = format_ident!("gesta_golden_{name}");
    // In a module, since only there the lint about tests that cannot be called can be allowed: an enum in the body of a
    // function has one. What is in a body cannot be named from a module within, so there it is the enum that stands in.
    quote! {
        #[cfg(test)]
        #[allow(non_snake_case, unnameable_test_items, unused_imports, dead_code)]
        mod #module {
            enum #name {}

            #[#private::core::prelude::v1::test]
            fn samples_are_read() {
                use #private::codec::NoEvents as _;
                use super::*;
                #tracked
                #private::codec::Golden::<#name>::check(&[#(#samples),*]);
            }
        }
    }
}

/// Whether a sample is one of this enum: of one of its events, or of one that was.
fn belongs(model: &EventEnum, sample: &Sample) -> bool {
    let known = model.variants.iter().any(|variant| variant.name.text == sample.name);
    let retired = || {
        let lock = model.lock.as_ref();
        lock.is_some_and(|lock| lock.content.versions(&sample.name).any(|event| event.retired))
    };
    known || (is_own(model, &sample.name) && !retired())
}
