use gesta::prelude::*;

pub struct Mailer;

#[derive(Provide)]
pub struct Deps {
    limit: u64,
}

pub fn mailer(deps: &Deps) -> &Mailer {
    deps.provide()
}

fn main() {}
