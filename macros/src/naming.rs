//! Names that are made from other names.

use quote::ToTokens;

/// `MoneyWithdrawn` and `HTTPCall` as `money_withdrawn` and `http_call`; a raw identifier without its `r#`.
pub(crate) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.strip_prefix("r#").unwrap_or(name).chars().collect();
    let mut out = String::new();
    for (i, &c) in chars.iter().enumerate() {
        if c.is_uppercase() {
            let after_lower = i > 0 && !chars[i - 1].is_uppercase() && chars[i - 1] != '_';
            let starts_word = i > 0
                && chars[i - 1].is_uppercase()
                && chars.get(i + 1).is_some_and(|next| next.is_lowercase());
            if after_lower || starts_word {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// `account_opened` as `AccountOpened`.
pub(crate) fn pascal_case(name: &str) -> String {
    let mut out = String::new();
    for word in name.strip_prefix("r#").unwrap_or(name).split('_') {
        let mut chars = word.chars();
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        out.extend(chars);
    }
    out
}

/// A type as people write it; equal for types that are written alike.
pub(crate) fn type_text(ty: &syn::Type) -> String {
    let text = ty.to_token_stream().to_string();
    [(" :: ", "::"), (":: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), ("& ", "&")]
        .iter()
        .fold(text, |text, (loose, tight)| text.replace(loose, tight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_snake_case() {
        for (from, to) in [
            ("Opened", "opened"),
            ("MoneyWithdrawn", "money_withdrawn"),
            ("HTTPCall", "http_call"),
            ("V2Applied", "v2_applied"),
            ("A", "a"),
            ("r#Type", "type"),
            ("Snake_Case", "snake_case"),
            ("Ärger", "ärger"),
        ] {
            assert_eq!(snake_case(from), to);
        }
    }

    #[test]
    fn methods_become_pascal_case() {
        assert_eq!(pascal_case("money_withdrawn"), "MoneyWithdrawn");
        assert_eq!(pascal_case("r#type"), "Type");
    }
}
