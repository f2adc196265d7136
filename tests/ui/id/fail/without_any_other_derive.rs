// 3 errors: three derives are missing.
use gesta::prelude::*;

#[derive(Id)]
pub struct AccountId(String);

fn main() {}
