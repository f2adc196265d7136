use std::fmt::Write;

use super::{Diagram, Kind};

/// A flowchart of Mermaid.
pub(super) fn write(diagram: &Diagram) -> String {
    let mut text = format!("---\ntitle: \"{}\"\n---\nflowchart LR\n", escaped(&diagram.title));
    for (at, node) in diagram.nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            Kind::Start | Kind::End | Kind::Policy | Kind::Compensation => ("([", "])"),
            Kind::Projection | Kind::Query => ("[(", ")]"),
            _ => ("[", "]"),
        };
        let (label, class) = (escaped(&node.label), node.kind.word());
        let _ = writeln!(text, "    n{at}{open}\"{label}\"{close}:::{class}");
    }
    for link in &diagram.links {
        let arrow = if link.dashed { "-.->" } else { "-->" };
        let label = match link.label.as_str() {
            "" => String::new(),
            label => format!("|\"{}\"|", escaped(label)),
        };
        let _ = writeln!(text, "    n{} {arrow}{label} n{}", link.from, link.to);
    }
    let used = |kind: &Kind| diagram.nodes.iter().any(|node| node.kind == *kind);
    for kind in Kind::ALL.into_iter().filter(used) {
        let (fill, stroke) = kind.colours();
        let _ = writeln!(text, "    classDef {} fill:{fill},stroke:{stroke},color:#222", kind.word());
    }
    text
}

/// Whatever could mean something to Mermaid is written by its number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("<br>"),
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | '|' | '[' | ']' | '{' | '}' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}
