use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Hash, Id)]
pub struct AccountId(String);

fn main() {}
