use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// How long to wait before the given attempt (1 for the first repetition): anything up to a bound that doubles from
/// `base` to `cap`. The whole delay is random, so that rivals do not meet again.
pub(super) fn delay(attempt: u32, base: Duration, cap: Duration) -> Duration {
    let bound = base.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(cap);
    bound.mul_f64(chance())
}

/// Anything from 0 to 1.
pub(crate) fn chance() -> f64 {
    f64::from(u32::try_from(random() >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

/// Random bits: the standard library seeds every hash map with them.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_under_a_bound_that_doubles_up_to_the_cap() {
        let (base, cap) = (Duration::from_millis(1), Duration::from_millis(50));
        for _ in 0..1000 {
            assert!(delay(1, base, cap) <= base);
            assert!(delay(3, base, cap) <= base * 4);
            assert!(delay(1_000_000, base, cap) <= cap);
        }
    }

    #[test]
    fn two_delays_differ() {
        let bound = Duration::from_secs(1);
        assert_ne!(delay(1, bound, bound), delay(1, bound, bound));
    }
}
