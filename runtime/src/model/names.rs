//! The names of types as people read them.

/// A type as the compiler calls it, without the paths: `Option<Receipt>` of `core::option::Option<gesta::Receipt>`.
pub(super) fn short(type_name: &str) -> String {
    let mut short = String::new();
    let mut path = String::new();
    for c in type_name.chars() {
        if c.is_alphanumeric() || matches!(c, '_' | ':') {
            path.push(c);
            continue;
        }
        short.push_str(last(&path));
        path.clear();
        short.push(c);
    }
    short.push_str(last(&path));
    short
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// The types behind the references of a tuple: `Clearing` and `Mailer` of `(&bank::Clearing, &bank::Mailer)`.
pub(super) fn dependencies(type_name: &str) -> Vec<String> {
    let inner = type_name.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(type_name);
    let (mut found, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inner[start..]);
    let borrowed = |text: &&str| text.trim().strip_prefix('&').map(short);
    found.iter().filter_map(borrowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_shown_without_their_paths() {
        assert_eq!(short("core::option::Option<(alloc::string::String, u64)>"), "Option<(String, u64)>");
        assert_eq!(short("bank::Withdraw"), "Withdraw");
        assert_eq!(short("dyn bank::Mailer"), "dyn Mailer");
    }

    #[test]
    fn dependencies_are_what_is_borrowed() {
        assert!(dependencies("()").is_empty());
        assert_eq!(dependencies("(&bank::Clearing,)"), ["Clearing"]);
        assert_eq!(dependencies("(&a::Map<b::K, c::V>, &dyn d::Mailer)"), ["Map<K, V>", "dyn Mailer"]);
    }
}
