//! What a person sees: how far it is, and a table at the end.

use std::{
    cell::Cell,
    io::{IsTerminal, Write, stdout},
};

use gesta_examples::show::{grouped, money};

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
