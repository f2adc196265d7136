// 2 errors: `derive(Eq)` needs it too and says so itself.
use gesta::prelude::*;

#[derive(Clone, Debug, Eq, Hash, Id)]
pub struct AccountId(String);

fn main() {}
