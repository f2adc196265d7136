//! Times and durations, as they are given to commands and shown by them.

use std::time::{Duration, SystemTime};

use gesta::domain::Timestamp;

/// A time: `2026-11-21T06:56:08Z`, a day, or so long ago: `90s`, `15m`, `2h`, `7d`.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    match duration(text) {
        Ok(ago) => Ok(SystemTime::now().checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH).into()),
        Err(_) => text.parse().map_err(|error| format!("{error}, or as so long ago: `2h`")),
    }
}

/// `90s`, `15m`, `2h`, `7d`; `0` is no time at all.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write `90s`, `15m`, `2h` or `7d`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.checked_mul(unit).ok_or_else(wrong)?))
}

/// A time without the parts of a second that nobody reads.
pub(super) fn short(time: Timestamp) -> String {
    let text = time.to_string();
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// A size for people.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut whole, mut tenth, mut unit) = (bytes, 0, 0);
    while whole >= 1_000 && unit + 1 < UNITS.len() {
        (tenth, whole, unit) = (whole % 1_000 / 100, whole / 1_000, unit + 1);
    }
    let unit_name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{whole} {unit_name}") } else { format!("{whole}.{tenth} {unit_name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for wrong in ["", "s", "7", "7w", "-1s", "1.5h", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert!(time("2026-11-21").is_ok() && time("2h").is_ok() && time("soon").is_err());
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(["0 B", "999 B", "1.0 kB", "12.3 MB"], [0, 999, 1_000, 12_345_678].map(bytes)[..]);
    }
}
