use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on the terminal's error output, for work that takes long; nothing where that is no terminal.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Of `total` steps.
    pub fn of(total: u64, what: &str) -> Self {
        let bar = ProgressBar::new(total).with_message(what.to_owned());
        if let Ok(style) =
            ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}")
        {
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

/// What is done so far, on the terminal's error output, where nobody knows how much there is.
#[derive(Clone, Debug)]
pub struct Counter(ProgressBar);

impl Counter {
    /// Nothing yet.
    pub fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// So many of this.
    pub fn at(&self, what: &str, done: u64) {
        self.0.set_message(format!("{done} {what}"));
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

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}
