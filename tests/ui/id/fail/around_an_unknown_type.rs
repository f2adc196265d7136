// 2 errors: `derive(Eq)` names the type as well, and the compiler words its guess differently there.
use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(Strin);

fn main() {}
