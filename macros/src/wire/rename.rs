//! serde's rules for `rename_all`.

/// One of serde's rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RenameRule {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

/// The rules as they are written.
const RULES: [(&str, RenameRule); 8] = [
    ("lowercase", RenameRule::Lower),
    ("UPPERCASE", RenameRule::Upper),
    ("PascalCase", RenameRule::Pascal),
    ("camelCase", RenameRule::Camel),
    ("snake_case", RenameRule::Snake),
    ("SCREAMING_SNAKE_CASE", RenameRule::ScreamingSnake),
    ("kebab-case", RenameRule::Kebab),
    ("SCREAMING-KEBAB-CASE", RenameRule::ScreamingKebab),
];

impl RenameRule {
    /// The rule of this name. An unknown one is left to serde, which reports it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        RULES.iter().find(|(name, _)| *name == text).map(|(_, rule)| *rule)
    }

    /// A field's name, given in snake case, under this rule.
    pub(crate) fn field(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => crate::naming::pascal_case(name),
            Self::Camel => lower_first(&crate::naming::pascal_case(name)),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// A variant's name, given in Pascal case, under this rule.
    pub(crate) fn variant(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => lower_first(name),
            Self::Snake => separated(name),
            Self::ScreamingSnake => separated(name).to_ascii_uppercase(),
            Self::Kebab => separated(name).replace('_', "-"),
            Self::ScreamingKebab => separated(name).to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// As serde does it: an underscore before every capital, `HTTPCall` is `h_t_t_p_call`.
fn separated(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.char_indices() {
        if i > 0 && c.is_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_serde() {
        let cases = [
            ("lowercase", "outcome", "a_b", "veryTasty", "verytasty"),
            ("UPPERCASE", "OUTCOME", "A_B", "VeryTasty", "VERYTASTY"),
            ("PascalCase", "Outcome", "AB", "VeryTasty", "VeryTasty"),
            ("camelCase", "outcome", "aB", "VeryTasty", "veryTasty"),
            ("snake_case", "outcome", "a_b", "VeryTasty", "very_tasty"),
            ("SCREAMING_SNAKE_CASE", "OUTCOME", "A_B", "VeryTasty", "VERY_TASTY"),
            ("kebab-case", "outcome", "a-b", "VeryTasty", "very-tasty"),
            ("SCREAMING-KEBAB-CASE", "OUTCOME", "A-B", "VeryTasty", "VERY-TASTY"),
        ];
        for (text, outcome, a_b, from, variant) in cases {
            let rule = RenameRule::parse(text).unwrap();
            assert_eq!(rule.field("outcome"), outcome);
            assert_eq!(rule.field("a_b"), a_b);
            assert_eq!(rule.variant(from), variant);
        }
        assert_eq!(RenameRule::parse("TitleCase"), None);
    }
}
