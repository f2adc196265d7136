//! The format of the file: semicolons, strings in double quotes, latin-1, amounts in crowns with two decimals.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use gesta_examples::bank::Book;

const HEADER: &str = "trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account";

/// So many mistakes are shown; the others are counted.
const SHOWN: usize = 10;

/// A row of the books.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) line: u64,
    /// The row's own number, unique in the file.
    pub(crate) number: String,
    pub(crate) entry: Book,
}

/// The rows of each account, in the order of the file.
pub(crate) type Books = BTreeMap<String, Vec<Row>>;

/// What is wrong with a file, with the lines.
#[derive(Debug)]
pub(crate) struct Mistakes(Vec<(u64, String)>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, what) in self.0.iter().take(SHOWN) {
            writeln!(f, "  line {line}: {what}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => write!(f, "nothing was stored; mend the file and start again"),
            more => write!(f, "  and {more} more; nothing was stored; mend the file and start again"),
        }
    }
}

/// Reads a whole file.
///
/// # Errors
/// Every row that cannot be read, not only the first.
pub(crate) fn read(bytes: &[u8]) -> Result<Books, Mistakes> {
    let (mut books, mut numbers, mut mistakes) = (Books::new(), HashSet::new(), Vec::new());
    let lines = bytes.split(|&byte| byte == b'\n').map(|line| latin_1(line.trim_ascii_end()));
    let mut lines = (1..).zip(lines).filter(|(_, line)| !line.is_empty());
    let (line, header) = lines.next().unwrap_or((1, String::new()));
    if columns(&header).map(|columns| columns.join(";")).as_deref() != Ok(HEADER) {
        mistakes.push((line, format!("the first line must name the columns: {HEADER}")));
    }
    for (line, text) in lines {
        match columns(&text).and_then(|columns| row(line, &columns)) {
            Ok((_, row)) if !numbers.insert(row.number.clone()) => {
                mistakes.push((line, format!("the trans_id {} was there before", row.number)));
            }
            Ok((account, row)) => books.entry(account).or_default().push(row),
            Err(what) => mistakes.push((line, what)),
        }
    }
    if mistakes.is_empty() { Ok(books) } else { Err(Mistakes(mistakes)) }
}

/// Every byte of latin-1 is the character of that number.
fn latin_1(line: &[u8]) -> String {
    line.iter().map(|&byte| char::from(byte)).collect()
}

/// Splits a line at the semicolons outside of quotes. No string of this format goes on in the next line, so a
/// quote that is not closed costs one row, where a general reader of such files would swallow the rest of it.
fn columns(line: &str) -> Result<Vec<String>, String> {
    let (mut columns, mut column, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => columns.push(std::mem::take(&mut column)),
            c => column.push(c),
        }
    }
    columns.push(column);
    if quoted { Err("a quote is not closed".into()) } else { Ok(columns) }
}

/// A row and its account.
fn row(line: u64, fields: &[String]) -> Result<(String, Row), String> {
    let [number, account, date, kind, operation, amount, _balance, symbol, _bank, _account] = fields else {
        return Err(format!("{} columns instead of 10", fields.len()));
    };
    let amount = hundredths(amount)?;
    let cents = match kind.as_str() {
        "PRIJEM" => amount,
        "VYDAJ" | "VYBER" => -amount,
        other => return Err(format!("the type `{other}` is none of PRIJEM, VYDAJ and VYBER")),
    };
    let text = [operation.trim(), symbol.trim()].join(" ").trim().to_owned();
    let row = Row { line, number: digits("trans_id", number)?, entry: Book { cents, day: day(date)?, text } };
    Ok((digits("account_id", account)?, row))
}

fn digits(column: &str, text: &str) -> Result<String, String> {
    let fits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { Ok(text.to_owned()) } else { Err(format!("the {column} `{text}` is not a number")) }
}

/// Reads `700.00` exactly, without a detour over floating point.
fn hundredths(text: &str) -> Result<i64, String> {
    let wrong = || format!("the amount `{text}` is not a number with two decimals, such as 700.00");
    let (whole, decimals) = text.split_once('.').ok_or_else(wrong)?;
    let right = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !right(whole) || !right(decimals) || decimals.len() != 2 {
        return Err(wrong());
    }
    format!("{whole}{decimals}").parse().map_err(|_| format!("the amount `{text}` is too large"))
}

/// Reads `930105` as `1993-01-05`: these books are of the last century.
fn day(text: &str) -> Result<String, String> {
    let wrong = || format!("the date `{text}` is not a day, such as 930105");
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let (year, month, day) = (&text[..2], &text[2..4], &text[4..]);
    let number = |part: &str| part.parse::<u32>().map_err(|_| wrong());
    let days = match number(month)? {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        // 1900 was no leap year.
        2 if number(year)? % 4 == 0 && year != "00" => 29,
        2 => 28,
        _ => 0,
    };
    if (1..=days).contains(&number(day)?) { Ok(format!("19{year}-{month}-{day}")) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: &[&str]) -> Vec<u8> {
        let header = HEADER.split(';').map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(";");
        // Rust's `é` is written as the one byte of latin-1.
        let text =
            std::iter::once(header.as_str()).chain(rows.iter().copied()).collect::<Vec<_>>().join("\r\n");
        text.chars().map(|c| u8::try_from(u32::from(c)).expect("latin-1")).collect()
    }

    fn mistake(row: &str) -> String {
        let good = r#"1;2;930105;"PRIJEM";"VKLAD";700.00;700.00;"";;"#;
        let mistakes = read(&file(&[good, row])).expect_err("a mistake").0;
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!(mistakes[0].0, 3, "the line");
        mistakes[0].1.clone()
    }

    #[test]
    fn rows_are_read_exactly_and_in_their_order() {
        let books = read(&file(&[
            r#"9;2;930105;"PRIJEM";"VKLAD";0.29;700.00;"";;"#,
            r#"4;2;930101;"VYDAJ";"PREVOD; NA UCET";1234567.80;700.00;"LOYER é";"AB";"62457513""#,
            r#"5;3;960229;"VYBER";"VYBER";10.00;-10.00;" ";;"#,
        ]))
        .expect("three rows");
        let entry = |cents, day: &str, text: &str| Book { cents, day: day.into(), text: text.into() };
        let row = |line, number: &str, entry| Row { line, number: number.into(), entry };
        assert_eq!(
            books["2"],
            [
                row(2, "9", entry(29, "1993-01-05", "VKLAD")),
                row(3, "4", entry(-123_456_780, "1993-01-01", "PREVOD; NA UCET LOYER é"))
            ]
        );
        assert_eq!(books["3"], [row(4, "5", entry(-1000, "1996-02-29", "VYBER"))]);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (row, what) in [
            (r#"2;2;930105;"PRIJEM";"VKLAD";700.00;700.00;"""#, "8 columns"),
            (r#"2;2;930105;"PRIJEM";"VKLAD";700.00;700.00;"";;;"#, "11 columns"),
            (r#"2;2;930105;"PRIJEM";"VKLAD";700.00;700.00;"";;"12"#, "a quote is not closed"),
            (r#"2;2;930105;"PRIJEM;"VKLAD";700.00;700.00;"";;"#, "a quote is not closed"),
            (r#"2;2;930105;"ZISK";"VKLAD";700.00;700.00;"";;"#, "`ZISK`"),
            (r#"2;2;930105;"PRIJEM";"VKLAD";7e2;700.00;"";;"#, "`7e2`"),
            (r#"2;2;930105;"PRIJEM";"VKLAD";700;700.00;"";;"#, "`700`"),
            (r#"2;2;930105;"PRIJEM";"VKLAD";700.001;700.00;"";;"#, "`700.001`"),
            (r#"2;2;930105;"PRIJEM";"VKLAD";-7.00;700.00;"";;"#, "`-7.00`"),
            (r#"2;2;930105;"PRIJEM";"VKLAD";99999999999999999999.00;700.00;"";;"#, "too large"),
            (r#"2;2;930229;"PRIJEM";"VKLAD";700.00;700.00;"";;"#, "`930229`"),
            (r#"2;2;931301;"PRIJEM";"VKLAD";700.00;700.00;"";;"#, "`931301`"),
            (r#"2;2;9301é;"PRIJEM";"VKLAD";700.00;700.00;"";;"#, "`9301é`"),
            (r#"x;2;930105;"PRIJEM";"VKLAD";700.00;700.00;"";;"#, "trans_id `x`"),
            (r#"2;;930105;"PRIJEM";"VKLAD";700.00;700.00;"";;"#, "account_id ``"),
            (r#"1;2;930105;"PRIJEM";"VKLAD";700.00;700.00;"";;"#, "trans_id 1 was there before"),
        ] {
            assert!(mistake(row).contains(what), "{row}: {}", mistake(row));
        }
    }

    #[test]
    fn every_mistake_is_told_and_many_are_counted() {
        let rows = vec!["2;2;930105"; 25];
        let told = read(&file(&rows)).expect_err("mistakes").to_string();
        assert!(
            told.contains("line 2:") && told.contains("line 11:") && !told.contains("line 12:"),
            "{told}"
        );
        assert!(told.contains("and 15 more"), "{told}");
    }

    #[test]
    fn a_file_without_its_header_is_refused() {
        let told =
            read(br#"1;2;930105;"PRIJEM";"VKLAD";700.00;700.00;"";;"#).expect_err("no header").to_string();
        assert!(told.contains("line 1: the first line must name the columns"), "{told}");
        assert!(read(b"").is_err());
    }
}
