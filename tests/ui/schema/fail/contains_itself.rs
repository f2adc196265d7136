use gesta::prelude::*;

#[derive(Schema)]
pub struct Node {
    children: Vec<Node>,
}

fn main() {}
