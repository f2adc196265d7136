//! Pieces of Markdown.

use std::fmt::Write;

use crate::diagram::{Diagram, Format};

/// A name as code, whatever is in it.
pub(super) fn code(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c == '`' { '\'' } else { c }).collect();
    format!("`{}`", plain.replace(char::is_control, " "))
}

/// A diagram that stands in the page.
pub(super) fn drawn(diagram: &Diagram) -> String {
    if diagram.links.is_empty() {
        return String::new();
    }
    // What is in it cannot end it: a fence stands alone in its line, and Mermaid's lines begin otherwise.
    format!("\n```mermaid\n{}```\n", diagram.write(Format::Mermaid))
}

/// The first sentence of what is said.
pub(super) fn first_sentence(doc: &str) -> String {
    let paragraph = doc.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    match paragraph.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => paragraph,
    }
}

/// A table; nothing without rows.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let cells = row.each_ref().map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}
