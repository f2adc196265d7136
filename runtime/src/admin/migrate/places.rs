use crate::domain::Position;

/// Where the events of the source stand in the target: runs of events whose positions follow one another in both.
#[derive(Debug, Default)]
pub(super) struct Places {
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    from: u64,
    to: u64,
    length: u64,
}

impl Places {
    /// The next event.
    pub(super) fn note(&mut self, from: Position, to: Position) {
        let (from, to) = (from.raw(), to.raw());
        match self.runs.last_mut() {
            Some(run) if (run.from + run.length, run.to + run.length) == (from, to) => run.length += 1,
            _ => self.runs.push(Run { from, to, length: 1 }),
        }
    }

    /// Where the event of this position in the source stands; `None` where the source has none there.
    pub(super) fn of(&self, position: Position) -> Option<Position> {
        let run = self.run(position)?;
        let behind = position.raw() - run.from;
        (behind < run.length).then(|| Position::from_raw(run.to + behind))
    }

    /// Where the last event up to this position in the source stands; the start where there is none.
    pub(super) fn up_to(&self, position: Position) -> Position {
        let place = |run: &Run| run.to + (position.raw() - run.from).min(run.length - 1);
        Position::from_raw(self.run(position).map_or(0, place))
    }

    /// The position in the source of the last event that both have.
    pub(super) fn end(&self) -> Position {
        Position::from_raw(self.runs.last().map_or(0, |run| run.from + run.length - 1))
    }

    /// The last run that does not begin behind this position.
    fn run(&self, position: Position) -> Option<&Run> {
        let behind = self.runs.partition_point(|run| run.from <= position.raw());
        self.runs.get(behind.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_place_and_what_is_between_two_has_none() {
        let at = Position::from_raw;
        let mut places = Places::default();
        assert_eq!((places.of(at(0)), places.up_to(at(7)), places.end()), (None, at(0), at(0)));
        let pairs = [(3, 1), (4, 2), (5, 3), (9, 4), (10, 5), (11, 9), (20, 10)];
        pairs.iter().for_each(|(from, to)| places.note(at(*from), at(*to)));
        for from in 0..30 {
            let known = pairs.iter().find(|pair| pair.0 == from).map(|pair| at(pair.1));
            assert_eq!(places.of(at(from)), known, "{from}");
            let before = pairs.iter().rev().find(|pair| pair.0 <= from).map_or(0, |pair| pair.1);
            assert_eq!(places.up_to(at(from)), at(before), "{from}");
        }
        assert_eq!(places.end(), at(20));
    }
}
