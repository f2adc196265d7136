use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
#[serde(rename_all = "camelCase")]
pub struct AccountId(String);

fn main() {}
