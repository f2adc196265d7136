use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Id)]
pub struct AccountId(f64);

impl Eq for AccountId {}

impl std::hash::Hash for AccountId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

fn main() {}
