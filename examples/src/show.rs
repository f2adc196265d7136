//! How the programs write numbers and addresses for people.

/// `-1 234.05` for -123405.
pub fn money(cents: i128) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", grouped(cents.unsigned_abs() / 100), cents.unsigned_abs() % 100)
}

/// `1 234 567` for 1234567.
pub fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// An address without the password that may be in it.
pub fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(start), Some(end)) if start < end => format!("{}{}", &url[..start + 3], &url[end + 1..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_like_money() {
        assert_eq!(money(0), "0.00");
        assert_eq!(money(-5), "-0.05");
        assert_eq!(money(123_456_789), "1 234 567.89");
        assert_eq!(money(-100_000), "-1 000.00");
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("postgres://ann:secret@host/db"), "postgres://host/db");
        assert_eq!(without_password("sqlite:bank.db"), "sqlite:bank.db");
    }
}
