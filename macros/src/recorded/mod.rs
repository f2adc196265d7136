//! What the files of a package say of what was stored before: `gesta.lock` and `gesta.golden` beside its `Cargo.toml`.

mod file;
mod golden;
mod lock;

use std::sync::Arc;

use proc_macro2::TokenStream;
use quote::quote;

pub(crate) use golden::{Golden, Sample};
pub(crate) use lock::{Lock, LockedSaga, LockedStep};

/// A file as it was read.
pub(crate) struct Recorded<T> {
    /// Where it is.
    path: String,
    pub(crate) content: Arc<T>,
}

impl<T> Recorded<T> {
    /// Makes Cargo compile anew when the file changes.
    pub(crate) fn tracked(&self, private: &TokenStream) -> TokenStream {
        let path = &self.path;
        quote!(const _: &str = #private::core::include_str!(#path);)
    }
}

/// `gesta.lock`, where there is one.
pub(crate) fn lock() -> Option<Recorded<Lock>> {
    static KNOWN: file::Cache<Lock> = file::Cache::new();
    file::read("gesta.lock", &KNOWN, Lock::parse)
}

/// `gesta.golden`, where there is one.
pub(crate) fn golden() -> Option<Recorded<Golden>> {
    static KNOWN: file::Cache<Golden> = file::Cache::new();
    file::read("gesta.golden", &KNOWN, Golden::parse)
}
