use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Id)]
pub struct Number {
    value: i128,
}

fn main() {
    assert_eq!("-5".parse::<Number>().unwrap(), Number { value: -5 });
    assert_eq!(AccountId("a".into()).to_string(), "a");
}
