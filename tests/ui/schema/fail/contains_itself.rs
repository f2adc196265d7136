use gesta::prelude::*;

pub struct Tree<T>(Vec<T>);

#[derive(Schema)]
pub struct Node {
    children: Tree<Node>,
}

fn main() {}
