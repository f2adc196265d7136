//! The format of the file: one standing order a line, semicolons, strings in double quotes, amounts in crowns with two
//! decimals.

use std::collections::HashSet;

const HEADER: &str = "order_id;account_id;bank_to;account_to;amount;k_symbol";

/// So many mistakes are shown.
const SHOWN: usize = 10;

/// A standing order: money that leaves the bank.
#[derive(Debug, PartialEq)]
pub(crate) struct Order {
    /// Its own number, unique in the file.
    pub(crate) number: String,
    /// Whose money.
    pub(crate) account: String,
    /// To which bank, two letters.
    pub(crate) bank: String,
    /// How much, in hundredths.
    pub(crate) cents: u64,
}

/// Reads a whole file.
///
/// # Errors
/// The lines that cannot be read, and why.
pub(crate) fn read(text: &str) -> Result<Vec<Order>, String> {
    let (mut orders, mut numbers, mut mistakes) = (Vec::new(), HashSet::new(), Vec::new());
    let text = text.replace('"', "");
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
    match lines.next() {
        Some((_, HEADER)) => {}
        _ => mistakes.push(format!("  line 1: the first line must name the columns: {HEADER}")),
    }
    for (line, text) in lines {
        match order(text) {
            Ok(order) if !numbers.insert(order.number.clone()) => {
                mistakes.push(format!("  line {line}: the order_id {} was there before", order.number));
            }
            Ok(order) => orders.push(order),
            Err(what) => mistakes.push(format!("  line {line}: {what}")),
        }
    }
    match mistakes.len() {
        0 => Ok(orders),
        count => {
            mistakes.truncate(SHOWN);
            Err(format!(
                "{count} lines cannot be read, and no order is carried out:\n{}",
                mistakes.join("\n")
            ))
        }
    }
}

fn order(line: &str) -> Result<Order, String> {
    let columns: Vec<&str> = line.split(';').collect();
    let [number, account, bank, _account_to, amount, _symbol] = columns.as_slice() else {
        return Err(format!("{} columns instead of 6", columns.len()));
    };
    for (column, text) in [("order_id", number), ("account_id", account)] {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("the {column} `{text}` is not a number"));
        }
    }
    if bank.is_empty() || !bank.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("`{bank}` is not the name of a bank, such as YZ"));
    }
    let (number, account, bank) = (number.to_string(), account.to_string(), bank.to_string());
    Ok(Order { number, account, bank, cents: hundredths(amount)? })
}

/// Reads `700.00` exactly, without a detour over floating point.
fn hundredths(text: &str) -> Result<u64, String> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, decimals)) if digits(whole) && digits(decimals) && decimals.len() == 2 => {
            format!("{whole}{decimals}").parse().map_err(|_| format!("the amount `{text}` is too large"))
        }
        _ => Err(format!("the amount `{text}` is not a number with two decimals, such as 700.00")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(row: &str) -> String {
        let header = HEADER.split(';').map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(";");
        format!("{header}\r\n1;2;\"YZ\";\"87144583\";2452.00;\"SIPO\"\r\n{row}\r\n")
    }

    #[test]
    fn orders_are_read_exactly() {
        let order = |number: &str, account: &str, bank: &str, cents| Order {
            number: number.into(),
            account: account.into(),
            bank: bank.into(),
            cents,
        };
        let read = read(&file(r#"7;3;"QR";"1";0.29;" ""#)).expect("two orders");
        assert_eq!(read, [order("1", "2", "YZ", 245_200), order("7", "3", "QR", 29)]);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (row, what) in [
            (r#"3;2;"YZ";"1";1.00"#, "5 columns"),
            (r#"x;2;"YZ";"1";1.00;"""#, "order_id `x`"),
            (r#"3;;"YZ";"1";1.00;"""#, "account_id ``"),
            (r#"3;2;"y";"1";1.00;"""#, "`y`"),
            (r#"3;2;"YZ";"1";1.0;"""#, "`1.0`"),
            (r#"3;2;"YZ";"1";99999999999999999999.00;"""#, "too large"),
            (r#"1;2;"YZ";"1";1.00;"""#, "order_id 1 was there before"),
        ] {
            let told = read(&file(row)).expect_err("a mistake");
            assert!(told.contains("line 3: ") && told.contains(what), "{row}: {told}");
        }
        assert!(read("1;2").expect_err("no header").contains("line 1: the first line must name the columns"));
    }
}
