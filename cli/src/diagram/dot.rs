use std::fmt::Write;

use super::{Diagram, Kind};

/// A graph of Graphviz.
pub(super) fn write(diagram: &Diagram) -> String {
    let mut text = String::from("digraph {\n    rankdir=LR;\n");
    let _ = writeln!(text, "    label=\"{}\";\n    labelloc=t;", escaped(&diagram.title));
    text.push_str("    node [fontname=\"sans-serif\", fontsize=11, style=filled, shape=box];\n");
    text.push_str("    edge [fontname=\"sans-serif\", fontsize=9];\n");
    for (at, node) in diagram.nodes.iter().enumerate() {
        let shape = match node.kind {
            Kind::Start | Kind::End => "ellipse",
            Kind::Policy | Kind::Compensation => "hexagon",
            Kind::Projection | Kind::Query => "cylinder",
            _ => "box",
        };
        let (fill, colour) = node.kind.colours();
        let label = escaped(&node.label);
        let _ = writeln!(
            text,
            "    n{at} [label=\"{label}\", shape={shape}, fillcolor=\"{fill}\", color=\"{colour}\"];"
        );
    }
    for link in &diagram.links {
        let style = if link.dashed { ", style=dashed" } else { "" };
        let label = escaped(&link.label);
        let _ = writeln!(text, "    n{} -> n{} [label=\"{label}\"{style}];", link.from, link.to);
    }
    text.push_str("}\n");
    text
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            c if c.is_control() => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped
}
