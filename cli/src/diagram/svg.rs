use std::fmt::Write;

use super::{
    Diagram, Kind,
    order::{LINE, layout},
};

/// A picture, laid out here: no other program is needed.
pub(super) fn write(diagram: &Diagram) -> String {
    let layout = layout(diagram);
    let (width, height) = (layout.width, layout.height);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n"
    );
    let title = escaped(&diagram.title);
    let _ = writeln!(text, "<title>{title}</title>");
    text.push_str(
        "<defs><marker id=\"to\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#555\"/></marker></defs>\n",
    );
    let _ = writeln!(text, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>");
    let _ = writeln!(text, "<text x=\"24\" y=\"28\" font-size=\"15\" fill=\"#222\">{title}</text>");
    for (link, way) in diagram.links.iter().zip(&layout.ways) {
        let dashes = if link.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        let _ = writeln!(
            text,
            "<path d=\"{}\" fill=\"none\" stroke=\"#777\"{dashes} marker-end=\"url(#to)\"/>",
            path(way)
        );
    }
    for (node, place) in diagram.nodes.iter().zip(&layout.boxes) {
        let (fill, stroke) = node.kind.colours();
        let round = match node.kind {
            Kind::Start | Kind::End => 14.0,
            Kind::Policy | Kind::Compensation => 9.0,
            _ => 2.0,
        };
        let _ = writeln!(
            text,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{round}\" fill=\"{fill}\" \
             stroke=\"{stroke}\"/>",
            place.x, place.y, place.width, place.height
        );
        let (x, y) = (place.x + place.width / 2.0, place.y + place.height / 2.0);
        lines(&mut text, &node.label, x, y, "#222", 12);
    }
    for (link, way) in diagram.links.iter().zip(&layout.ways) {
        if !link.label.is_empty() {
            let (x, y) = middle(way);
            lines(&mut text, &link.label, x, y, "#444", 10);
        }
    }
    text.push_str("</svg>\n");
    text
}

/// A smooth line through the points: every piece leaves and comes in level.
fn path(way: &[(f64, f64)]) -> String {
    let mut path = String::new();
    let mut before: Option<(f64, f64)> = None;
    for &(x, y) in way {
        match before {
            None => {
                let _ = write!(path, "M{x:.1} {y:.1}");
            }
            Some((bx, by)) => {
                let half = f64::midpoint(bx, x);
                let _ = write!(path, "C{half:.1} {by:.1} {half:.1} {y:.1} {x:.1} {y:.1}");
            }
        }
        before = Some((x, y));
    }
    path
}

/// The middle of a line: of its middle piece.
fn middle(way: &[(f64, f64)]) -> (f64, f64) {
    let at = way.len() / 2;
    match (at.checked_sub(1).and_then(|before| way.get(before)), way.get(at)) {
        (Some(a), Some(b)) => (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1)),
        (_, Some(b)) => *b,
        _ => (0.0, 0.0),
    }
}

/// Lines of a text around a point, on a white border so that they can be read upon a line.
fn lines(text: &mut String, label: &str, x: f64, y: f64, colour: &str, size: u32) {
    let count = label.lines().count() as f64;
    let halo = if size < 12 { " stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\"" } else { "" };
    for (at, line) in label.lines().enumerate() {
        let y = y + (at as f64 - (count - 1.0) / 2.0) * LINE + 4.0;
        let _ = writeln!(
            text,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{colour}\"{halo} text-anchor=\"middle\">{}</text>",
            escaped(line)
        );
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No such character can be in XML.
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
