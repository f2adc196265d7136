use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// What is done, how fast, and how long the rest takes at that rate.
const BAR: &str = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta} left";

/// A bar on the terminal's error output, for work that takes long; nothing where that is no terminal.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Of `total` steps.
    pub fn of(total: u64, what: &str) -> Self {
        let bar = ProgressBar::new(total).with_message(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// So far.
    pub fn at(&self, done: u64) {
        self.0.set_position(done);
    }

    /// One more.
    pub fn more(&self) {
        self.0.inc(1);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// How far something has come that has several parts, one after the other, on the terminal's error output: a bar where it
/// is known how much there is of a part, and a number where it is not.
#[derive(Clone, Debug)]
pub struct Stages(ProgressBar);

impl Stages {
    /// Nothing yet.
    pub fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// So many of this are done, of about so many; 0 where nobody knows.
    pub fn at(&self, what: &str, done: u64, of: u64) {
        if self.0.message() != what {
            self.0.reset();
            self.0.set_message(what.to_owned());
            let template = if of > 0 { BAR } else { "{spinner} {human_pos} {msg}" };
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.0.set_style(style);
            }
        }
        if of > 0 {
            // What is told of the whole is a guess now and then.
            self.0.set_length(of.max(done));
        }
        self.0.set_position(done);
    }

    /// Writes something else meanwhile.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Takes it away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Default for Stages {
    fn default() -> Self {
        Self::new()
    }
}
