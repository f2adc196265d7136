use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct PersonId(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(PersonId);

fn main() {}
