use regex::Regex;
use serde_json::Value;

use super::{
    i_regexp,
    literal::{number, quoted},
    path::Path,
    scan::{Parsed, Scan},
};

/// What a filter asks of each child.
#[derive(Debug)]
pub(super) enum Expression {
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Not(Box<Expression>),
    /// Whether there is something.
    Finds(Path),
    Compares {
        left: Operand,
        how: Comparison,
        right: Operand,
    },
    Fits(Fit),
}

/// `match` and `search`.
#[derive(Debug)]
pub(super) struct Fit {
    pub(super) text: Operand,
    pub(super) pattern: Pattern,
    pub(super) whole: bool,
}

#[derive(Debug)]
pub(super) enum Pattern {
    /// Known beforehand; none where it is not a pattern, which nothing fits.
    Known(Option<Regex>),
    Asked(Operand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    AtMost,
    AtLeast,
    Less,
    Greater,
}

/// What has one value, or none.
#[derive(Debug)]
pub(super) enum Operand {
    Is(Value),
    /// Of a path that finds one thing at most.
    At(Path),
    Length(Box<Operand>),
    Count(Path),
    /// Of a path that may find more.
    ValueOf(Path),
}

/// What stands at the beginning of a comparison, or alone.
enum Term {
    Path(Path),
    Operand(Operand),
    Fit(Fit),
}

/// Longer ones first.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Expression {
    /// Alternatives.
    pub(super) fn read(scan: &mut Scan<'_>) -> Parsed<Self> {
        scan.nested(|scan| several(scan, "||", Self::Any, |scan| several(scan, "&&", Self::All, Self::basic)))
    }

    fn basic(scan: &mut Scan<'_>) -> Parsed<Self> {
        let denied = scan.take("!");
        if denied {
            scan.blanks();
        }
        let found = if scan.take("(") {
            scan.blanks();
            let found = Self::read(scan)?;
            scan.blanks();
            scan.expect(")")?;
            found
        } else if denied {
            match term(scan)? {
                Term::Path(path) => Self::Finds(path),
                Term::Fit(fit) => Self::Fits(fit),
                Term::Operand(_) => return scan.fail("`!` stands before a path, `match`, `search` or `(`"),
            }
        } else {
            return Self::test_or_comparison(scan);
        };
        Ok(if denied { Self::Not(Box::new(found)) } else { found })
    }

    fn test_or_comparison(scan: &mut Scan<'_>) -> Parsed<Self> {
        let left = term(scan)?;
        let Some(how) = comparison(scan) else {
            return match left {
                Term::Path(path) => Ok(Self::Finds(path)),
                Term::Fit(fit) => Ok(Self::Fits(fit)),
                Term::Operand(_) => scan.fail("a value alone is no condition; a comparison is missing"),
            };
        };
        let left = operand(left, scan)?;
        scan.blanks();
        let right = Operand::read(scan)?;
        Ok(Self::Compares { left, how, right })
    }
}

/// One or more, with a sign between them.
fn several(
    scan: &mut Scan<'_>,
    sign: &str,
    of: fn(Vec<Expression>) -> Expression,
    read: impl Fn(&mut Scan<'_>) -> Parsed<Expression>,
) -> Parsed<Expression> {
    let first = read(scan)?;
    let mut all = vec![first];
    while scan.rest().trim_start_matches([' ', '\t', '\n', '\r']).starts_with(sign) {
        scan.blanks();
        scan.expect(sign)?;
        scan.blanks();
        all.push(read(scan)?);
    }
    Ok(of(all))
}

fn comparison(scan: &mut Scan<'_>) -> Option<Comparison> {
    if !scan.blanks_before(&['=', '!', '<', '>']) {
        return None;
    }
    COMPARISONS.into_iter().find_map(|(sign, how)| scan.take(sign).then_some(how))
}

fn term(scan: &mut Scan<'_>) -> Parsed<Term> {
    match scan.peek() {
        Some('$' | '@') => Path::read(scan).map(Term::Path),
        Some('\'' | '"') => Ok(Term::Operand(Operand::Is(quoted(scan)?.into()))),
        Some('-' | '0'..='9') => Ok(Term::Operand(Operand::Is(number(scan)?))),
        Some('a'..='z') => word(scan),
        _ => scan.fail("a path, a value or a function is missing"),
    }
}

fn word(scan: &mut Scan<'_>) -> Parsed<Term> {
    let word = scan.take_while(|sign| matches!(sign, 'a'..='z' | '0'..='9' | '_'));
    if scan.take("(") {
        return scan.nested(|scan| function(scan, word));
    }
    match word {
        "true" => Ok(Term::Operand(Operand::Is(true.into()))),
        "false" => Ok(Term::Operand(Operand::Is(false.into()))),
        "null" => Ok(Term::Operand(Operand::Is(Value::Null))),
        _ => scan.fail(&format!("`{word}` is neither `true`, `false`, `null` nor a function")),
    }
}

/// A call, from behind its opening bracket.
fn function(scan: &mut Scan<'_>, name: &str) -> Parsed<Term> {
    scan.blanks();
    let called = match name {
        "length" => Term::Operand(Operand::Length(Box::new(Operand::read(scan)?))),
        "count" => Term::Operand(Operand::Count(path(scan)?)),
        "value" => Term::Operand(Operand::ValueOf(path(scan)?)),
        "match" | "search" => {
            let text = Operand::read(scan)?;
            scan.blanks();
            scan.expect(",")?;
            scan.blanks();
            let whole = name == "match";
            let pattern = match Operand::read(scan)? {
                Operand::Is(Value::String(pattern)) => Pattern::Known(i_regexp::compile(&pattern, whole)),
                Operand::Is(_) => Pattern::Known(None),
                asked => Pattern::Asked(asked),
            };
            Term::Fit(Fit { text, pattern, whole })
        }
        _ => return scan.fail(&format!("there is no function `{name}`")),
    };
    scan.blanks();
    scan.expect(")")?;
    Ok(called)
}

fn path(scan: &mut Scan<'_>) -> Parsed<Path> {
    match scan.peek() {
        Some('$' | '@') => Path::read(scan),
        _ => scan.fail("this function takes a path"),
    }
}

impl Operand {
    fn read(scan: &mut Scan<'_>) -> Parsed<Self> {
        operand(term(scan)?, scan)
    }
}

fn operand(term: Term, scan: &Scan<'_>) -> Parsed<Operand> {
    match term {
        Term::Operand(operand) => Ok(operand),
        Term::Path(path) if path.is_singular() => Ok(Operand::At(path)),
        Term::Path(_) => scan.fail("a path that may find several things has no value; use `value(..)`"),
        Term::Fit(_) => scan.fail("`match` and `search` are conditions, and have no value"),
    }
}
