use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
#[id(prefix = "acc")]
pub struct AccountId(String);

fn main() {}
