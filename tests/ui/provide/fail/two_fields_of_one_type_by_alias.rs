use gesta::prelude::*;

pub struct Mailer;

pub type Other = Mailer;

#[derive(Provide)]
pub struct Deps {
    letters: Mailer,
    invoices: Other,
}

fn main() {}
