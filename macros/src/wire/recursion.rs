//! The shape of a type that leads back to the type it stands in.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, Type};

use crate::naming::type_text;

/// What a field leads back to.
#[derive(Clone, Copy)]
pub(crate) struct Recursion<'a> {
    /// The type that the field is in, where its name stands in the field's type.
    pub(crate) owner: Option<&'a str>,
    /// The field says that it leads back: through types that only its author knows.
    pub(crate) told: bool,
}

/// Scalars that lead nowhere.
const PLAIN: [&str; 16] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "bool", "char",
    "String", "f64",
];

impl Recursion<'_> {
    /// The shape of a type, with a reference in place of what it leads back to; `leaf` gives the shape of a type that
    /// does not. None where it leads back within a type of which only the author knows how it is stored.
    pub(crate) fn shape(
        &self,
        ty: &Type,
        private: &TokenStream,
        leaf: &dyn Fn(&Type) -> TokenStream,
    ) -> Option<TokenStream> {
        let inner = |ty: &Type| self.shape(ty, private, leaf);
        let shape = quote!(#private::domain::Shape);
        let list = |ty: &Type| inner(ty).map(|item| quote!(&#shape::List(#item)));
        match ty {
            Type::Paren(paren) => inner(&paren.elem),
            Type::Group(group) => inner(&group.elem),
            Type::Reference(reference) => inner(&reference.elem),
            Type::Slice(slice) => list(&slice.elem),
            Type::Array(array) => {
                let (item, length) = (inner(&array.elem)?, &array.len);
                Some(quote!(&#shape::Tuple(&[#item; #length])))
            }
            Type::Tuple(tuple) => {
                let items = tuple.elems.iter().map(inner).collect::<Option<Vec<_>>>()?;
                Some(quote!(&#shape::Tuple(&[#(#items),*])))
            }
            _ => match (&*name(ty), &arguments(ty)[..]) {
                (name, []) if self.is_owner(ty) => {
                    let name = if name == "Self" { self.owner.unwrap_or(name) } else { name };
                    Some(quote!(&#shape::Reference(#name)))
                }
                (name, _) if self.is_owner(ty) => Some(quote!(&#shape::Reference(#name))),
                ("Box" | "Rc" | "Arc" | "Cow", [of]) => inner(of),
                ("Option", [of]) => inner(of).map(|of| quote!(&#shape::Optional(#of))),
                ("Vec" | "VecDeque" | "LinkedList" | "BinaryHeap" | "BTreeSet" | "HashSet", [of]) => list(of),
                ("BTreeMap" | "HashMap", [key, of]) => {
                    let (key, of) = (leaf(key), inner(of)?);
                    Some(quote!(&#shape::Map(#key, #of)))
                }
                _ => self.end(ty, &shape, leaf),
            },
        }
    }

    /// A type that is not looked into.
    fn end(
        &self,
        ty: &Type,
        shape: &TokenStream,
        leaf: &dyn Fn(&Type) -> TokenStream,
    ) -> Option<TokenStream> {
        let mentioned = self.owner.is_some_and(|owner| mentions(ty.to_token_stream(), &[owner, "Self"]));
        let plain = PLAIN.contains(&&*name(ty));
        match (self.told, mentioned) {
            (false, true) => None,
            // Another part of the type is what it leads back by.
            (true, false) if plain || self.owner.is_some() => Some(leaf(ty)),
            (true, _) => {
                let name = type_text(ty).replace(' ', "");
                Some(quote!(&#shape::Reference(#name)))
            }
            (false, false) => Some(leaf(ty)),
        }
    }

    fn is_owner(&self, ty: &Type) -> bool {
        let Type::Path(path) = ty else { return false };
        let one = path.qself.is_none() && path.path.segments.len() == 1;
        one && self.owner.is_some_and(|owner| name(ty) == owner || name(ty) == "Self")
    }
}

/// The last word of a path.
fn name(ty: &Type) -> String {
    let Type::Path(path) = ty else { return String::new() };
    path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
}

/// The types behind it in `<..>`.
fn arguments(ty: &Type) -> Vec<&Type> {
    let Type::Path(path) = ty else { return Vec::new() };
    let Some(PathArguments::AngleBracketed(list)) = path.path.segments.last().map(|last| &last.arguments)
    else {
        return Vec::new();
    };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// Whether one of these words stands in a type, not as a part of a longer path.
pub(crate) fn mentions(tokens: TokenStream, words: &[&str]) -> bool {
    let mut after_colon = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if !after_colon && words.iter().any(|word| ident == word) => return true,
            TokenTree::Group(group) if mentions(group.stream(), words) => return true,
            TokenTree::Punct(punct) => {
                after_colon = punct.as_char() == ':';
                continue;
            }
            _ => {}
        }
        after_colon = false;
    }
    false
}

#[cfg(test)]
mod tests {
    use syn::parse_str;

    use super::*;

    /// A shape as it is printed.
    fn shape(owner: Option<&str>, told: bool, ty: &str) -> Option<String> {
        let leaf = |ty: &Type| {
            let name = type_text(ty);
            quote!(#name)
        };
        let tokens = Recursion { owner, told }.shape(&parse_str(ty).unwrap(), &quote!(p), &leaf)?;
        let text = tokens.to_string().replace(' ', "");
        Some(text.replace("&p::domain::Shape::", "").replace('"', ""))
    }

    #[test]
    fn what_leads_back_is_found_in_types_that_everybody_knows() {
        let found = |ty: &str| shape(Some("Node"), false, ty);
        let of = |text: &str| Some(text.to_owned());
        assert_eq!(found("Vec<Node>"), of("List(Reference(Node))"));
        assert_eq!(found("Option<Box<Self>>"), of("Optional(Reference(Node))"));
        assert_eq!(found("std::rc::Rc<Node<T>>"), of("Reference(Node)"));
        assert_eq!(
            found("BTreeMap<String, Vec<(u8, Node)>>"),
            of("Map(String,List(Tuple(&[u8,Reference(Node)])))")
        );
        assert_eq!(found("[Box<Node>; 2]"), of("Tuple(&[Reference(Node);2])"));
        assert_eq!(found("other::Node"), of("other::Node"));
        assert_eq!(found("Tree<Node>"), None);
    }

    #[test]
    fn what_is_told_to_lead_back_is_a_reference() {
        let of = |text: &str| Some(text.to_owned());
        assert_eq!(shape(Some("Node"), true, "Tree<String, Node>"), of("Reference(Tree<String,Node>)"));
        assert_eq!(
            shape(Some("Node"), true, "(Place, Tree<Node>)"),
            of("Tuple(&[Place,Reference(Tree<Node>)])")
        );
        assert_eq!(shape(None, true, "Option<Box<Branch>>"), of("Optional(Reference(Branch))"));
        assert_eq!(shape(None, true, "Vec<(u8, Branch)>"), of("List(Tuple(&[u8,Reference(Branch)]))"));
    }
}
