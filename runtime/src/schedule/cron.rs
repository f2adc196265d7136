use std::str::FromStr;

use jiff::{civil::DateTime, tz::TimeZone};

use super::{InvalidTimes, Times};
use crate::domain::Timestamp;

/// The times of a cron expression, in UTC.
#[derive(Clone, Debug)]
pub struct Cron(croner::Cron);

impl Cron {
    /// Reads an expression of five fields (or six with seconds first): `0 3 * * *`, `*/15 8-18 * * MON-FRI`, `0 0 L * *`.
    ///
    /// # Errors
    /// [`InvalidTimes::Expression`].
    pub fn parse(expression: &str) -> Result<Self, InvalidTimes> {
        croner::Cron::from_str(expression).map(Self).map_err(|error| InvalidTimes::Expression {
            expression: expression.to_owned(),
            reason: error.to_string(),
        })
    }
}

impl Times for Cron {
    fn rule(&self) -> String {
        self.0.pattern.to_string()
    }

    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let found = self.0.find_next_occurrence(&civil(after)?, false).ok()?;
        timestamp(found).filter(|found| *found > after)
    }

    fn last(&self, until: Timestamp) -> Option<Timestamp> {
        let found = self.0.find_previous_occurrence(&civil(until)?, true).ok()?;
        timestamp(found).filter(|found| *found <= until)
    }
}

fn civil(time: Timestamp) -> Option<DateTime> {
    let time = jiff::Timestamp::from_microsecond(time.as_micros()).ok()?;
    Some(TimeZone::UTC.to_datetime(time))
}

fn timestamp(time: DateTime) -> Option<Timestamp> {
    let time = time.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_micros(time.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn an_expression_has_times_before_and_after() {
        let nightly = Cron::parse("0 3 * * *").unwrap();
        assert_eq!(nightly.next(at("2026-02-28T03:00:00Z")), Some(at("2026-03-01T03:00:00Z")));
        assert_eq!(nightly.next(at("2026-02-28T02:59:59.999999Z")), Some(at("2026-02-28T03:00:00Z")));
        assert_eq!(nightly.last(at("2026-02-28T03:00:00Z")), Some(at("2026-02-28T03:00:00Z")));
        assert_eq!(nightly.last(at("2026-02-28T02:59:59Z")), Some(at("2026-02-27T03:00:00Z")));
        assert_eq!(nightly.rule(), "0 3 * * *");
        assert!(Cron::parse("0 3 * *").unwrap_err().to_string().contains("five fields"));
    }
}
