use gesta::prelude::*;

#[derive(Schema)]
pub struct Unit;

#[derive(Schema)]
pub struct Pair<A, B: Clone>(A, Vec<B>)
where
    A: Copy;

#[derive(Schema)]
pub enum Tree<T> {
    Leaf(T),
    Branch(Box<Tree<T>>, #[schema(recursive)] Box<Self>),
}

#[derive(Schema)]
pub struct Borrowed<'a> {
    text: &'a str,
}

fn main() {
    assert_eq!(Unit::SHAPE.to_string(), "null");
    assert_eq!(<Pair<u8, String>>::SHAPE.to_string(), "(u8,[string])");
    assert_eq!(<Tree<u8>>::SHAPE.to_string(), "enum{Leaf:u8,Branch:(@Tree,@Tree)}");
    assert_eq!(Borrowed::SHAPE.to_string(), "{text:string}");
}
