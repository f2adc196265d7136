use gesta::prelude::*;

#[event]
fn opened() {}

fn main() {}
