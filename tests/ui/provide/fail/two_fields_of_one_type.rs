use gesta::prelude::*;

pub struct Mailer;

#[derive(Provide)]
pub struct Deps {
    letters: Mailer,
    invoices: Mailer,
}

fn main() {}
