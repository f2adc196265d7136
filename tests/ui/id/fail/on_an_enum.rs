use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub enum AccountId {
    Named(String),
}

fn main() {}
