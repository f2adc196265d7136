use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Id)]
pub struct AccountId(String);

fn main() {}
