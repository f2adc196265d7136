//! What a person sees: how far it is, and a table at the end.

use std::{
    cell::Cell,
    io::{IsTerminal, Write, stdout},
};

use crate::{books::Books, import::Done};

/// How far the import is: one line that changes on a terminal, a line for each tenth elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    rows: usize,
    done: Cell<usize>,
    terminal: bool,
}

impl Progress {
    pub(crate) fn new(rows: usize) -> Self {
        Self { rows, done: Cell::new(0), terminal: stdout().is_terminal() }
    }

    /// One more row is in the store.
    pub(crate) fn step(&self) {
        let before = self.done.replace(self.done.get() + 1);
        let parts = if self.terminal { 1000 } else { 10 };
        let part = |done: usize| done * parts / self.rows;
        if part(before) == part(before + 1) {
            return;
        }
        let (begin, end) = if self.terminal { ("\r", "") } else { ("", "\n") };
        let percent = (before + 1) * 100 / self.rows;
        // Nobody listens any more: that is no reason to stop the import.
        let _ = write!(stdout(), "{begin}{:>9} of {} rows, {percent:>3} %{end}", before + 1, self.rows);
        let _ = stdout().flush();
    }

    /// Leaves the line.
    pub(crate) fn end(&self) {
        if self.terminal {
            let _ = writeln!(stdout());
        }
    }
}

/// What was in the books, and what has become of it.
pub(crate) fn print_table(books: &Books, done: &Done, printed: u64) {
    let entries = || books.values().flatten().map(|row| i128::from(row.entry.cents));
    let rows = entries().count();
    let seconds = done.took.as_secs_f64().max(f64::EPSILON);
    for (name, value) in [
        ("accounts", grouped(books.len() as u128)),
        ("rows", grouped(rows as u128)),
        ("credits", money(entries().filter(|cents| *cents >= 0).sum())),
        ("debits", money(entries().filter(|cents| *cents < 0).sum())),
        ("stored now", grouped(done.stored as u128)),
        ("already there", grouped(done.already_there as u128)),
        ("balance sum", money(done.balance)),
        ("rows per second", grouped((rows as f64 / seconds) as u128)),
        ("statements", grouped(printed.into())),
    ] {
        println!("  {name:<16}{value:>20}");
    }
    for (account, cents) in &done.richest {
        println!("  {:<16}{:>20}", format!("rich: {account}"), money((*cents).into()));
    }
}

/// `-1 234.05` for -123405.
fn money(cents: i128) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", grouped(cents.unsigned_abs() / 100), cents.unsigned_abs() % 100)
}

/// `1 234 567` for 1234567.
pub(crate) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// An address without the password that may be in it.
pub(crate) fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(start), Some(end)) if start < end => format!("{}{}", &url[..start + 3], &url[end + 1..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_like_money() {
        assert_eq!(money(0), "0.00");
        assert_eq!(money(-5), "-0.05");
        assert_eq!(money(123_456_789), "1 234 567.89");
        assert_eq!(money(-100_000), "-1 000.00");
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("postgres://ann:secret@host/db"), "postgres://host/db");
        assert_eq!(without_password("sqlite:bank.db"), "sqlite:bank.db");
    }
}
