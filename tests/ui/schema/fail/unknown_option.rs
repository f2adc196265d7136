use gesta::prelude::*;

#[derive(Schema)]
pub struct Node {
    #[schema(recursiv)]
    children: Vec<Node>,
}

fn main() {}
