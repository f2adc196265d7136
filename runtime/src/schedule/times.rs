use std::{fmt, sync::Arc, time::Duration};

use super::InvalidTimes;
use crate::domain::Timestamp;

/// When something recurs.
pub trait Times: fmt::Debug + Send + Sync + 'static {
    /// The rule as a text: another text means other times.
    fn rule(&self) -> String;

    /// The first time after this one; none where it does not recur any more.
    fn next(&self, after: Timestamp) -> Option<Timestamp>;

    /// The last time up to this one, itself included.
    fn last(&self, until: Timestamp) -> Option<Timestamp>;
}

/// What says when something recurs: a cron expression in UTC (`0 3 * * *`, with the feature `cron`), a [`Duration`], or
/// [`Times`] of one's own in an `Arc`.
pub trait IntoTimes {
    /// The times.
    ///
    /// # Errors
    /// When there are none.
    fn into_times(self) -> Result<Arc<dyn Times>, InvalidTimes>;
}

/// The multiples of a duration since 1970, the same in every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every(i64);

impl Every {
    /// Every so often.
    ///
    /// # Errors
    /// [`InvalidTimes::Always`] for less than a microsecond.
    pub fn new(time: Duration) -> Result<Self, InvalidTimes> {
        match i64::try_from(time.as_micros()).unwrap_or(i64::MAX) {
            0 => Err(InvalidTimes::Always),
            micros => Ok(Self(micros)),
        }
    }
}

impl Times for Every {
    fn rule(&self) -> String {
        format!("every {:?}", Duration::from_micros(self.0.unsigned_abs()))
    }

    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let whole = after.as_micros().div_euclid(self.0).checked_add(1)?;
        whole.checked_mul(self.0).map(Timestamp::from_micros)
    }

    fn last(&self, until: Timestamp) -> Option<Timestamp> {
        until.as_micros().div_euclid(self.0).checked_mul(self.0).map(Timestamp::from_micros)
    }
}

impl IntoTimes for Duration {
    fn into_times(self) -> Result<Arc<dyn Times>, InvalidTimes> {
        Ok(Arc::new(Every::new(self)?))
    }
}

impl IntoTimes for Arc<dyn Times> {
    fn into_times(self) -> Result<Arc<dyn Times>, InvalidTimes> {
        Ok(self)
    }
}

impl IntoTimes for &str {
    #[cfg(feature = "cron")]
    fn into_times(self) -> Result<Arc<dyn Times>, InvalidTimes> {
        Ok(Arc::new(super::Cron::parse(self)?))
    }

    #[cfg(not(feature = "cron"))]
    fn into_times(self) -> Result<Arc<dyn Times>, InvalidTimes> {
        Err(InvalidTimes::FeatureMissing { expression: self.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_are_the_same_for_all() {
        let every = Every::new(Duration::from_secs(60)).unwrap();
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!((every.next(at(59)), every.next(at(60))), (Some(at(60)), Some(at(120))));
        assert_eq!((every.last(at(59)), every.last(at(60))), (Some(at(0)), Some(at(60))));
        assert_eq!(every.next(at(-1)), Some(at(0)));
        assert_eq!(every.next(Timestamp::from_micros(i64::MAX)), None);
        assert!(Every::new(Duration::ZERO).is_err());
    }
}
