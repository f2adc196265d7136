use gesta::prelude::*;

#[event]
pub enum AccountEvent {}

fn main() {}
