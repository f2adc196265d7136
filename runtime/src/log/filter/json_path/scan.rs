/// The text of a path, read from its beginning to its end.
#[derive(Debug)]
pub(super) struct Scan<'t> {
    whole: &'t str,
    rest: &'t str,
    depth: u32,
}

/// What is wrong with a path, and where.
pub(super) type Parsed<T> = Result<T, String>;

/// Deeper paths are refused, so that none from outside can use up the stack.
const DEEPEST: u32 = 64;

impl<'t> Scan<'t> {
    pub(super) fn new(whole: &'t str) -> Self {
        Self { whole, rest: whole, depth: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let found = chars.next();
        self.rest = chars.as_str();
        found
    }

    /// Takes a text if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes what comes next as long as it is of a kind.
    pub(super) fn take_while(&mut self, is: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|found| !is(found)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    pub(super) fn expect(&mut self, text: &str) -> Parsed<()> {
        if self.take(text) { Ok(()) } else { self.fail(&format!("`{text}` is missing")) }
    }

    pub(super) fn blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// Takes blanks if one of these comes after them, and nothing otherwise.
    pub(super) fn blanks_before(&mut self, signs: &[char]) -> bool {
        let rest = self.rest.trim_start_matches(is_blank);
        let found = rest.starts_with(signs);
        if found {
            self.rest = rest;
        }
        found
    }

    /// Reads something that may contain itself.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return self.fail("it is nested too deep");
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// The text from a place that was reached before, whose rest is given, to here.
    pub(super) fn since(&self, rest: &'t str) -> &'t str {
        rest.get(..rest.len() - self.rest.len()).unwrap_or_default()
    }

    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    pub(super) fn fail<T>(&self, what: &str) -> Parsed<T> {
        let place = self.whole.chars().count() - self.rest.chars().count() + 1;
        let found = self.peek().map_or("its end".into(), |sign| format!("{sign:?}"));
        Err(format!("{what}, at {found} (character {place})"))
    }
}

fn is_blank(sign: char) -> bool {
    matches!(sign, ' ' | '\t' | '\n' | '\r')
}
