//! What the test of a domain calls.

use std::marker::PhantomData;

use crate::{admin::probe::probe, app::Register};

/// Answers for a domain: what a domain has wins over what [`NoProbe`] has.
#[derive(Debug)]
pub struct DomainProbe<D>(PhantomData<D>);

impl<D: Register> DomainProbe<D> {
    /// Answers the request among the arguments of this program, if there is one.
    pub fn probe() {
        probe::<D>();
    }
}

/// The answer of what only has the name of a domain, which cannot be named from here.
pub trait NoProbe {
    /// There is nobody to ask.
    fn probe() {}
}

impl<D> NoProbe for DomainProbe<D> {}
