use gesta::prelude::*;

pub struct Account;

#[event]
impl Account {}

fn main() {}
