use std::io::{self, Write};

use serde::Serialize;

/// How a command answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Tables and sentences for people.
    #[default]
    Human,
    /// One JSON document, or one per line where an answer has no end.
    Json,
}

/// What a command answers with: the same facts for people and for programs.
pub trait Answer: Serialize {
    /// The facts as people read them.
    ///
    /// # Errors
    /// When nobody listens any more.
    fn human(&self, out: &mut dyn Write) -> io::Result<()>;
}

impl Output {
    /// Writes an answer to the standard output. That the reader has gone away, as `head` does, is no failure.
    ///
    /// # Errors
    /// When the standard output cannot be written for another reason.
    pub fn answer(self, answer: &impl Answer) -> io::Result<()> {
        self.one_of_many(answer).map(drop)
    }

    /// Writes one of several answers to the standard output, a line of its own in JSON. Whether anybody still reads.
    ///
    /// # Errors
    /// When the standard output cannot be written for another reason than that nobody reads it.
    pub fn one_of_many(self, answer: &impl Answer) -> io::Result<bool> {
        self.some_of_many([answer])
    }

    /// Writes some of many answers to the standard output at once, each in JSON on a line of its own. Whether anybody
    /// still reads.
    ///
    /// # Errors
    /// As [`Output::one_of_many`].
    pub fn some_of_many<'a, A: Answer + 'a>(
        self,
        answers: impl IntoIterator<Item = &'a A>,
    ) -> io::Result<bool> {
        let mut text = Vec::new();
        for answer in answers {
            match self {
                Self::Human => answer.human(&mut text)?,
                Self::Json => writeln!(text, "{}", harmless(serde_json::to_string(answer)?))?,
            }
        }
        let mut out = io::stdout().lock();
        match out.write_all(&text).and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The same JSON without control characters: between the values they are blanks, and inside of texts escapes.
pub fn harmless(json: String) -> String {
    if !json.contains(char::is_control) {
        return json;
    }
    let mut harmless = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | '\r' | '\t' => harmless.push(' '),
            c if c.is_control() => harmless.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => harmless.push(c),
        }
    }
    harmless
}

/// A table of texts: columns as wide as their longest text, numbers to the right.
#[derive(Clone, Debug)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these titles.
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { head: head.map(str::to_uppercase).into(), rows: Vec::new() }
    }

    /// One more row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Writes it, without spaces at the ends of lines. A control character in a cell is written as an escape: what is
    /// in a store cannot command a terminal.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let rows: Vec<Vec<String>> = std::iter::once(&self.head)
            .chain(&self.rows)
            .map(|row| row.iter().map(|cell| shown(cell)).collect())
            .collect();
        let widths: Vec<usize> = (0..self.head.len())
            .map(|i| rows.iter().filter_map(|row| row.get(i)).map(|cell| width(cell)).max().unwrap_or(0))
            .collect();
        let right: Vec<bool> = (0..self.head.len()).map(|i| self.is_of_numbers(i)).collect();
        for row in &rows {
            let mut line = String::new();
            for (i, cell) in row.iter().enumerate() {
                let gap = " ".repeat(widths.get(i).copied().unwrap_or(0).saturating_sub(width(cell)));
                let (before, after) =
                    if right.get(i) == Some(&true) { (gap.as_str(), "") } else { ("", gap.as_str()) };
                line.push_str(if i == 0 { "" } else { "  " });
                line.push_str(&format!("{before}{cell}{after}"));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn is_of_numbers(&self, column: usize) -> bool {
        let number = |row: &Vec<String>| {
            row.get(column).is_some_and(|cell| {
                cell == "-"
                    || cell.chars().next().is_some_and(|c| c.is_ascii_digit()) && cell.parse::<f64>().is_ok()
            })
        };
        !self.rows.is_empty() && self.rows.iter().all(number)
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// A text with its control characters as escapes.
pub fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_what_it_is_without_control_characters() {
        let json = "{\n  \"a\":\t\"x\u{7f}\u{9b}31m\\n\"}".to_owned();
        let harmless = harmless(json.clone());
        assert!(!harmless.contains(char::is_control), "{harmless:?}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&harmless), read(&json));
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be_and_numbers_stand_to_the_right() {
        let mut table = Table::new(["stream", "version"]);
        table.row(["account/ann".into(), "7".into()]);
        table.row(["a\u{1b}b".into(), "12".into()]);
        let mut text = Vec::new();
        table.write(&mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "STREAM       VERSION\naccount/ann        7\na\\u{1b}b          12\n"
        );
    }
}
