//! Adds up what the test runners say, so that nothing is skipped unseen.

/// The sum over all test programs of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// A test program was started and has not given its result yet.
    running: bool,
}

impl Counts {
    /// Takes in one line of the output of `cargo test`.
    pub(crate) fn line(&mut self, line: &str) {
        let line = line.trim();
        if line.starts_with("Running ") || line.starts_with("Doc-tests ") {
            self.finish();
            self.running = true;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.running = false;
            self.passed += number_before(result, " passed");
            self.failed += number_before(result, " failed");
            self.skipped += number_before(result, " ignored");
        }
    }

    /// Counts a program that ended without a result, because it crashed, as one failure.
    pub(crate) fn finish(&mut self) {
        self.failed += u64::from(self.running);
        self.running = false;
    }
}

/// The number that stands directly before a word: 12 for ` passed` in `ok. 12 passed; 0 failed`.
fn number_before(text: &str, word: &str) -> u64 {
    let before = text.split(word).next().unwrap_or_default();
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(output: &str) -> Counts {
        let mut counts = Counts::default();
        output.lines().for_each(|line| counts.line(line));
        counts.finish();
        counts
    }

    #[test]
    fn results_are_added_up() {
        let counts = sum("
     Running unittests src/lib.rs (target/debug/deps/gesta-1)
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s
     Running tests/a.rs (target/debug/deps/a-1)
test a::b ... FAILED
test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
   Doc-tests gesta
test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        assert_eq!(counts, Counts { passed: 20, failed: 2, skipped: 1, running: false });
    }

    #[test]
    fn a_program_without_a_result_is_a_failure() {
        let counts = sum("
     Running tests/crashes.rs (target/debug/deps/crashes-1)
     Running tests/a.rs (target/debug/deps/a-1)
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
     Running tests/crashes_too.rs (target/debug/deps/crashes_too-1)");
        assert_eq!(counts, Counts { passed: 3, failed: 2, skipped: 0, running: false });
    }
}
