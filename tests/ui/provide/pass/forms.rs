use gesta::prelude::*;

pub struct Mailer;

#[derive(Provide)]
pub struct Named {
    mailer: Mailer,
    limits: Vec<u64>,
    #[provide(skip)]
    second: Mailer,
}

#[derive(Provide)]
pub struct Places(Mailer, &'static str);

#[derive(Provide)]
pub struct Generic<T: Send>
where
    T: Sync,
{
    parts: Vec<T>,
    mailer: Mailer,
}

#[derive(Provide)]
pub struct Nothing;

pub trait Clock {
    fn now(&self) -> u64;
}

#[derive(Provide)]
pub struct Dynamic {
    clock: Box<dyn Clock + Send + Sync>,
}

fn main() {
    let named = Named { mailer: Mailer, limits: vec![1], second: Mailer };
    let _: (&Mailer, &Vec<u64>) = (named.provide(), named.provide());
    let _ = named.second;
    let _: &str = Places(Mailer, "x").provide();
    let _: &Vec<u8> = Generic { parts: vec![1_u8], mailer: Mailer }.provide();
}
