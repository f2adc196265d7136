use gesta::prelude::*;

pub struct Mailer;

#[derive(Provide)]
pub struct Deps(Mailer, u8, Mailer);

fn main() {}
