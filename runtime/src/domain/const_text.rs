//! Text at compile time, for errors in constants.

/// A text put together in a constant.
///
/// One that becomes longer than `CAPACITY` bytes is cut.
pub(crate) struct Text<const CAPACITY: usize = 1024> {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl<const CAPACITY: usize> Text<CAPACITY> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], length: 0 }
    }

    pub(crate) const fn push(mut self, text: &str) -> Self {
        self.append(text);
        self
    }

    pub(crate) const fn append(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.length < CAPACITY {
            self.bytes[self.length] = text[i];
            self.length += 1;
            i += 1;
        }
    }

    pub(crate) const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.length);
        match str::from_utf8(text) {
            Ok(text) => text,
            // Cut within a character.
            Err(error) => {
                let (valid, _) = text.split_at(error.valid_up_to());
                match str::from_utf8(valid) {
                    Ok(text) => text,
                    Err(_) => "",
                }
            }
        }
    }
}

/// `==` on `str`, which constants do not have.
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_put_together_and_cut_at_a_character() {
        assert_eq!(<Text>::new().push("a ").push("b").as_str(), "a b");
        let long = "x".repeat(1023);
        assert_eq!(<Text>::new().push(&long).push("\u{e4}").as_str(), long);
    }

    #[test]
    fn texts_are_compared() {
        assert!(equal("abc", "abc") && !equal("abc", "abd") && !equal("abc", "ab"));
    }
}
