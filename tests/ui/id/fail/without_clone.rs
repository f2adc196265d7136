use gesta::prelude::*;

#[derive(Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(String);

fn main() {}
