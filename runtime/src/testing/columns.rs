//! Two lists side by side, with the rows that differ marked.

use std::fmt::Debug;

/// Longer lines are broken: two columns and the mark fit a wide terminal.
const WIDEST: usize = 60;
/// What fits is shown on one line, as `{:?}` does.
const ONE_LINE: usize = 48;

/// How many pairs of events are compared to align two lists.
const MOST_PAIRS: usize = 1_000_000;

/// What stands on one side for one element; empty where the other side has one more.
type Block = Vec<String>;

/// Both lists as two columns, aligned by what they have in common.
pub(super) fn events<E: Debug + PartialEq>(expected: &[E], actual: &[E]) -> String {
    let blocks = align(expected, actual).into_iter().map(|(left, right)| {
        let pair = [left.map(|at| &expected[at]), right.map(|at| &actual[at])];
        let long = pair.iter().flatten().any(|event| format!("{event:?}").chars().count() > ONE_LINE);
        let [left, right] =
            pair.map(|event| event.map_or_else(|| vec!["-".into()], |event| lines(event, long)));
        (left, right)
    });
    table(&blocks.collect::<Vec<_>>())
}

/// Two texts as two columns.
pub(super) fn texts(expected: &[String], actual: &[String]) -> String {
    table(&[(wrap(expected), wrap(actual))])
}

fn lines(event: &impl Debug, long: bool) -> Block {
    let text = if long { format!("{event:#?}") } else { format!("{event:?}") };
    wrap(&text.lines().map(str::to_owned).collect::<Vec<_>>())
}

fn wrap(lines: &[String]) -> Block {
    let mut wrapped = Vec::new();
    for line in lines {
        let chars: Vec<char> = line.chars().collect();
        wrapped.extend(chars.chunks(WIDEST).map(|part| part.iter().collect::<String>()));
    }
    wrapped
}

fn table(blocks: &[(Block, Block)]) -> String {
    let width = |lines: &Block| lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let left = blocks.iter().map(|(left, _)| width(left)).max().unwrap_or(0).max("expected".len());
    let mut rows = vec![format!("    {:left$}   actual", "expected")];
    for (expected, actual) in blocks {
        for at in 0..expected.len().max(actual.len()) {
            let [one, other] = [expected, actual].map(|lines| lines.get(at).map_or("", String::as_str));
            let mark = if one == other { ' ' } else { '≠' };
            rows.push(format!("  {mark} {one:left$}   {other}").trim_end().to_owned());
        }
    }
    rows.join("\n")
}

/// Pairs up two lists: what is equal by their longest common subsequence, and what lies between in order.
///
/// Lists too long for a table of all pairs are paired as they stand.
fn align<E: PartialEq>(expected: &[E], actual: &[E]) -> Vec<(Option<usize>, Option<usize>)> {
    if expected.len().saturating_mul(actual.len()) > MOST_PAIRS {
        let at = |index, len| (index < len).then_some(index);
        let (left, right) = (expected.len(), actual.len());
        return (0..left.max(right)).map(|index| (at(index, left), at(index, right))).collect();
    }
    // common[i][j]: how many can be paired of `expected[i..]` and `actual[j..]`.
    let mut common = vec![vec![0_usize; actual.len() + 1]; expected.len() + 1];
    for i in (0..expected.len()).rev() {
        for j in (0..actual.len()).rev() {
            common[i][j] = if expected[i] == actual[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    loop {
        // The stretch up to the next pair of equals, or to the ends.
        let (from_i, from_j) = (i, j);
        while i < expected.len() && j < actual.len() && expected[i] != actual[j] {
            if common[i + 1][j] >= common[i][j + 1] { i += 1 } else { j += 1 }
        }
        let both = i < expected.len() && j < actual.len();
        let (to_i, to_j) = if both { (i, j) } else { (expected.len(), actual.len()) };
        for step in 0..(to_i - from_i).max(to_j - from_j) {
            let at = |from: usize, to: usize| (from + step < to).then_some(from + step);
            pairs.push((at(from_i, to_i), at(from_j, to_j)));
        }
        if !both {
            return pairs;
        }
        pairs.push((Some(i), Some(j)));
        (i, j) = (i + 1, j + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_stand_beside_each_other() {
        let pairs = align(&["a", "b", "c"], &["b", "x", "c", "d"]);
        assert_eq!(
            pairs,
            [(Some(0), None), (Some(1), Some(0)), (None, Some(1)), (Some(2), Some(2)), (None, Some(3))]
        );
        assert_eq!(align(&["a"], &["b"]), [(Some(0), Some(0))], "what differs is a pair too");
        assert_eq!(align::<u8>(&[], &[]), []);
        assert_eq!(align(&[] as &[u8], &[1]), [(None, Some(0))]);
    }

    #[test]
    fn long_lists_are_paired_as_they_stand() {
        let pairs = align(&vec![0; 10_000], &vec![1; 9_999]);
        assert_eq!(pairs.len(), 10_000);
        assert_eq!((pairs[0], pairs[9_999]), ((Some(0), Some(0)), (Some(9_999), None)));
    }

    #[test]
    fn rows_that_differ_are_marked() {
        assert_eq!(
            events(&["one", "two"], &["one", "three"]),
            "    expected   actual\n    \"one\"      \"one\"\n  ≠ \"two\"      \"three\""
        );
        assert_eq!(events(&["one"], &[]), "    expected   actual\n  ≠ \"one\"      -");
    }

    #[test]
    fn a_long_event_is_compared_line_by_line() {
        #[derive(Debug, PartialEq)]
        struct Long {
            same: &'static str,
            other: u8,
        }
        let same = "a text that does not fit into a line of forty-eight";
        let shown = events(&[Long { same, other: 1 }], &[Long { same, other: 2 }]);
        let marked: Vec<&str> = shown.lines().filter(|line| line.contains('≠')).collect();
        assert_eq!(marked.len(), 1, "{shown}");
        assert!(marked[0].contains("other: 1,") && marked[0].contains("other: 2,"), "{shown}");
    }
}
