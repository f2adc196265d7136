use super::{
    expression::Expression,
    literal::{place, quoted},
    scan::{Parsed, Scan},
};

/// A path: where it begins, and the steps from there.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) from: From,
    pub(super) segments: Vec<Segment>,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Root,
    Current,
}

/// A step: to children, or to all that is below.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) descends: bool,
    pub(super) selectors: Vec<Selector>,
}

/// Which children.
#[derive(Debug)]
pub(super) enum Selector {
    Name(String),
    All,
    Index(i64),
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Expression),
}

impl Path {
    /// A whole path, from the root.
    pub(super) fn parse(text: &str) -> Parsed<Self> {
        let mut scan = Scan::new(text);
        if scan.peek() != Some('$') {
            return scan.fail("a path begins with `$`");
        }
        let path = Self::read(&mut scan)?;
        if scan.is_at_end() { Ok(path) } else { scan.fail("a step begins with `.` or `[`") }
    }

    /// A path that begins here, with `$` or `@`.
    pub(super) fn read(scan: &mut Scan<'_>) -> Parsed<Self> {
        let from = match scan.next() {
            Some('$') => From::Root,
            _ => From::Current,
        };
        let mut segments = Vec::new();
        while scan.blanks_before(&['.', '[']) {
            segments.push(segment(scan)?);
        }
        Ok(Self { from, segments })
    }

    /// Whether it finds one thing at most.
    pub(super) fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            !segment.descends && matches!(segment.selectors[..], [Selector::Name(_) | Selector::Index(_)])
        })
    }
}

fn segment(scan: &mut Scan<'_>) -> Parsed<Segment> {
    let descends = scan.take("..");
    if scan.peek() == Some('[') {
        return Ok(Segment { descends, selectors: scan.nested(bracketed)? });
    }
    if !descends {
        scan.expect(".")?;
    }
    let selector = if scan.take("*") { Selector::All } else { Selector::Name(name(scan)?) };
    Ok(Segment { descends, selectors: vec![selector] })
}

fn name(scan: &mut Scan<'_>) -> Parsed<String> {
    let is_first = |sign: char| sign.is_ascii_alphabetic() || sign == '_' || !sign.is_ascii();
    if !scan.peek().is_some_and(is_first) {
        return scan.fail("a name, `*` or `[` is missing; names with other characters are written ['..']");
    }
    Ok(scan.take_while(|sign| is_first(sign) || sign.is_ascii_digit()).to_owned())
}

fn bracketed(scan: &mut Scan<'_>) -> Parsed<Vec<Selector>> {
    scan.expect("[")?;
    let mut selectors = Vec::new();
    loop {
        scan.blanks();
        selectors.push(selector(scan)?);
        scan.blanks();
        if !scan.take(",") {
            scan.expect("]")?;
            return Ok(selectors);
        }
    }
}

fn selector(scan: &mut Scan<'_>) -> Parsed<Selector> {
    match scan.peek() {
        Some('\'' | '"') => quoted(scan).map(Selector::Name),
        Some('*') => {
            scan.next();
            Ok(Selector::All)
        }
        Some('?') => {
            scan.next();
            scan.blanks();
            Expression::read(scan).map(Selector::Filter)
        }
        Some(':' | '-' | '0'..='9') => index_or_slice(scan),
        _ => scan.fail("a name in quotes, a place, `*`, `:` or `?` is missing"),
    }
}

fn index_or_slice(scan: &mut Scan<'_>) -> Parsed<Selector> {
    let start = place_if_any(scan)?;
    if !scan.blanks_before(&[':']) {
        return match start {
            Some(index) => Ok(Selector::Index(index)),
            None => scan.fail("a place is missing"),
        };
    }
    scan.expect(":")?;
    scan.blanks();
    let end = place_if_any(scan)?;
    let mut step = None;
    if scan.blanks_before(&[':']) {
        scan.expect(":")?;
        scan.blanks();
        step = place_if_any(scan)?;
    }
    Ok(Selector::Slice { start, end, step: step.unwrap_or(1) })
}

fn place_if_any(scan: &mut Scan<'_>) -> Parsed<Option<i64>> {
    match scan.peek() {
        Some('-' | '0'..='9') => place(scan).map(Some),
        _ => Ok(None),
    }
}
