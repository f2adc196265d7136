//! What is to be said of a domain as a whole that the compiler does not say: each with a name that does not change, a
//! level and a page of its own.

mod loops;
mod rules;

use serde::Serialize;

use gesta::model::Model;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name, such as `G001-loop`.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What it is about, such as `event:account.opened`.
    pub element: String,
    /// What was found, and what to do.
    pub sentence: String,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The domain cannot work like this.
    Error,
    /// Most probably not meant.
    Warning,
    /// Worth knowing.
    Information,
}

impl Level {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// A kind of finding.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, such as `G001-loop`.
    pub name: &'static str,
    /// How bad it is, unless somebody says otherwise.
    pub level: Level,
    /// What it is about, why, and what to do: a page in Markdown.
    pub page: &'static str,
    find: fn(&Model) -> Vec<(String, String)>,
}

macro_rules! rule {
    ($name:literal, $level:ident, $find:path) => {
        Rule {
            name: $name,
            level: Level::$level,
            page: include_str!(concat!("../../docs/checks/", $name, ".md")),
            find: $find,
        }
    };
}

/// All of them, by their names.
pub const RULES: [Rule; 7] = [
    rule!("G001-loop", Warning, loops::find),
    rule!("G002-unhandled-event", Warning, rules::unhandled_events),
    rule!("G003-command-from-outside", Information, rules::commands_from_outside),
    rule!("G004-undocumented", Information, rules::undocumented),
    rule!("G005-unasked-projection", Warning, rules::unasked_projections),
    rule!("G006-unreachable-state", Warning, rules::unreachable_states),
    rule!("G007-missing-part", Error, rules::missing_parts),
];

impl Rule {
    /// The one of that name, or of its number alone: `G001`.
    pub fn named(name: &str) -> Option<&'static Self> {
        let number = |rule: &Self| rule.name.split('-').next() == Some(name);
        RULES.iter().find(|rule| rule.name == name || number(rule))
    }
}

/// Everything that is found, the worst first.
pub fn findings(model: &Model) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES
        .iter()
        .flat_map(|rule| {
            let found = (rule.find)(model).into_iter();
            found.map(|(element, sentence)| Finding { name: rule.name, level: rule.level, element, sentence })
        })
        .collect();
    findings.sort_by_key(|finding| finding.level);
    findings
}
