use serde_json::Value;

use super::scan::{Parsed, Scan};

/// The greatest whole number that every JSON knows exactly.
const GREATEST: i64 = (1 << 53) - 1;

/// A whole number that names a place, or a distance.
pub(super) fn place(scan: &mut Scan<'_>) -> Parsed<i64> {
    let begin = scan.rest();
    whole(scan)?;
    match scan.since(begin).parse::<i64>() {
        Ok(place) if place.abs() <= GREATEST && scan.since(begin) != "-0" => Ok(place),
        _ => scan.fail("this is not a place: whole numbers go to 2^53 - 1, and there is no -0"),
    }
}

/// Digits, with a sign before them if need be, and without zeros in front.
fn whole(scan: &mut Scan<'_>) -> Parsed<()> {
    scan.take("-");
    let digits = scan.take_while(|sign| sign.is_ascii_digit());
    if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
        return scan.fail("a number has digits, and no zero in front");
    }
    Ok(())
}

/// A number as in JSON.
pub(super) fn number(scan: &mut Scan<'_>) -> Parsed<Value> {
    let begin = scan.rest();
    whole(scan)?;
    if scan.take(".") && scan.take_while(|sign| sign.is_ascii_digit()).is_empty() {
        return scan.fail("digits are missing after the point");
    }
    if scan.take("e") || scan.take("E") {
        let _ = scan.take("-") || scan.take("+");
        if scan.take_while(|sign| sign.is_ascii_digit()).is_empty() {
            return scan.fail("digits are missing in the exponent");
        }
    }
    let number = serde_json::from_str(scan.since(begin));
    number.or_else(|_| scan.fail("this number is too large"))
}

/// A text in quotes of either kind.
pub(super) fn quoted(scan: &mut Scan<'_>) -> Parsed<String> {
    let Some(quote) = scan.next() else { return scan.fail("a quote is missing") };
    let mut text = String::new();
    loop {
        match scan.peek() {
            Some('\u{0}'..='\u{1F}') => return scan.fail("control characters are written with `\\`"),
            None => return scan.fail("the closing quote is missing"),
            Some('\\') => text.push(escaped(scan, quote)?),
            Some(sign) => {
                scan.next();
                if sign == quote {
                    return Ok(text);
                }
                text.push(sign);
            }
        }
    }
}

fn escaped(scan: &mut Scan<'_>, quote: char) -> Parsed<char> {
    scan.next();
    let sign = match scan.peek() {
        Some('b') => '\u{8}',
        Some('f') => '\u{C}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some(sign @ ('/' | '\\')) => sign,
        Some(sign) if sign == quote => sign,
        Some('u') => {
            scan.next();
            return unicode(scan);
        }
        _ => return scan.fail("this cannot stand after `\\`"),
    };
    scan.next();
    Ok(sign)
}

/// A character by its number, or by the two halves of it.
fn unicode(scan: &mut Scan<'_>) -> Parsed<char> {
    let first = hexadecimal(scan)?;
    let both = match first {
        0xD800..=0xDBFF => {
            if !scan.take("\\u") {
                return scan.fail("the second half of a pair is missing");
            }
            match hexadecimal(scan)? {
                second @ 0xDC00..=0xDFFF => 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                _ => return scan.fail("this is not the second half of a pair"),
            }
        }
        alone => alone,
    };
    match char::from_u32(both) {
        Some(sign) => Ok(sign),
        None => scan.fail("this is the second half of a pair without the first"),
    }
}

fn hexadecimal(scan: &mut Scan<'_>) -> Parsed<u32> {
    let mut number = 0;
    for _ in 0..4 {
        match scan.peek().and_then(|sign| sign.to_digit(16)) {
            Some(digit) => number = number * 16 + digit,
            None => return scan.fail("four hexadecimal digits come after `\\u`"),
        }
        scan.next();
    }
    Ok(number)
}
