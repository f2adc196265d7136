//! Drawings of a domain: what leads to what, as Mermaid, DOT or SVG.
//!
//! A [`Diagram`] is nodes and links, made of a [`Model`](gesta::model::Model) by [`flow`], [`states`] or [`saga`]. The
//! writers know nothing of domains; the same diagram gives the same text always.

mod dot;
mod flow;
mod layers;
mod mermaid;
mod order;
mod saga;
mod states;
mod svg;

use std::fmt;

pub use flow::{around, flow};
pub use saga::saga;
pub use states::states;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagram {
    /// What it shows.
    pub title: String,
    /// What is linked.
    pub nodes: Vec<Node>,
    /// What leads to what, by the places of the nodes.
    pub links: Vec<Link>,
}

/// One box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What tells it from the others.
    pub id: String,
    /// What is written in it, in lines.
    pub label: String,
    /// What it is.
    pub kind: Kind,
}

/// One arrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The place of the node that it comes from.
    pub from: usize,
    /// The place of the node that it goes to.
    pub to: usize,
    /// What is written beside it; empty for nothing.
    pub label: String,
    /// Whether it is not the usual way.
    pub dashed: bool,
}

/// What a node is, which decides how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A command.
    Command,
    /// An aggregate, or a state.
    Aggregate,
    /// An event.
    Event,
    /// What decides what happens next: a saga, a process manager, a step.
    Policy,
    /// What undoes a step.
    Compensation,
    /// A projection.
    Projection,
    /// A query.
    Query,
    /// An event handler.
    EventHandler,
    /// Where it begins.
    Start,
    /// Where it ends.
    End,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Command,
        Self::Aggregate,
        Self::Event,
        Self::Policy,
        Self::Compensation,
        Self::Projection,
        Self::Query,
        Self::EventHandler,
        Self::Start,
        Self::End,
    ];

    /// A word for it without spaces.
    const fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Aggregate => "aggregate",
            Self::Event => "event",
            Self::Policy => "policy",
            Self::Compensation => "compensation",
            Self::Projection => "projection",
            Self::Query => "query",
            Self::EventHandler => "handler",
            Self::Start => "start",
            Self::End => "finish",
        }
    }

    /// The colours of its inside and its border: those that people use on walls, where they have one.
    const fn colours(self) -> (&'static str, &'static str) {
        match self {
            Self::Command => ("#cfe2f3", "#3d78a8"),
            Self::Aggregate => ("#fff2cc", "#b08a1e"),
            Self::Event => ("#fce0c4", "#c0691c"),
            Self::Policy => ("#e4dcf2", "#6f4fa5"),
            Self::Compensation => ("#f4dede", "#a84444"),
            Self::Projection => ("#d9ead3", "#4c8a34"),
            Self::Query => ("#eef6ea", "#4c8a34"),
            Self::EventHandler => ("#f6d9e7", "#a63d75"),
            Self::Start | Self::End => ("#eeeeee", "#555555"),
        }
    }
}

/// How a diagram is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text that many sites draw, such as those of Git
    #[default]
    Mermaid,
    /// Text for Graphviz
    Dot,
    /// A picture
    Svg,
}

impl Diagram {
    /// Written in this form.
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Mermaid => mermaid::write(self),
            Format::Dot => dot::write(self),
            Format::Svg => svg::write(self),
        }
    }

    fn new(title: impl fmt::Display) -> Self {
        Self { title: title.to_string(), ..Self::default() }
    }

    /// The place of the node of that id, which is added unless it is there.
    fn node(&mut self, id: &str, label: impl Into<String>, kind: Kind) -> usize {
        let known = self.nodes.iter().position(|node| node.id == id);
        known.unwrap_or_else(|| {
            self.nodes.push(Node { id: id.to_owned(), label: label.into(), kind });
            self.nodes.len() - 1
        })
    }

    /// A link, or one more label for the one that is there.
    fn link(&mut self, from: usize, to: usize, label: &str, dashed: bool) {
        let known =
            self.links.iter_mut().find(|link| (link.from, link.to, link.dashed) == (from, to, dashed));
        match known {
            Some(link) if label.is_empty() || link.label.lines().any(|line| line == label) => {}
            Some(link) if link.label.is_empty() => label.clone_into(&mut link.label),
            Some(link) => link.label = format!("{}\n{label}", link.label),
            None => self.links.push(Link { from, to, label: label.to_owned(), dashed }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostile() -> Diagram {
        let mut diagram = Diagram::new("a \"b\" <c> & d");
        let one = diagram.node("x\"];", "<script>&\"'\u{1b}\nnext \\ #1", Kind::Event);
        let two = diagram.node("y", "y", Kind::Command);
        diagram.link(one, two, "|\"]--> z", false);
        diagram.link(two, one, "", true);
        diagram.link(two, two, "itself", false);
        diagram
    }

    #[test]
    fn texts_cannot_leave_their_places() {
        let svg = hostile().write(Format::Svg);
        assert!(svg.contains("&lt;script&gt;&amp;&quot;"), "{svg}");
        assert!(!svg.contains('\u{1b}') && !svg.contains("<script"), "{svg}");
        let dot = hostile().write(Format::Dot);
        assert!(dot.contains(r#"n0 [label="<script>&\"'\u{1b}\nnext \\ #1""#), "{dot}");
        let mermaid = hostile().write(Format::Mermaid);
        assert!(mermaid.contains("n0[\"#60;script#62;#38;#34;'#27;<br>next #92; #35;1\"]"), "{mermaid}");
        assert!(mermaid.contains("-->|\"#124;#34;#93;--#62; z\"|"), "{mermaid}");
    }

    #[test]
    fn the_same_diagram_gives_the_same_text() {
        for format in [Format::Mermaid, Format::Dot, Format::Svg] {
            assert_eq!(hostile().write(format), hostile().write(format));
        }
    }

    #[test]
    fn boxes_do_not_lie_upon_each_other() {
        let mut diagram = Diagram::new("many");
        for i in 0..30_usize {
            diagram.node(&i.to_string(), "x".repeat(i), Kind::Event);
        }
        for i in 0..30_usize {
            diagram.link(i, (i * 7 + 3) % 30, "", false);
            diagram.link(i, (i * 11 + 5) % 30, "by", false);
        }
        let layout = order::layout(&diagram);
        for (i, a) in layout.boxes.iter().enumerate() {
            for b in &layout.boxes[..i] {
                let apart = a.x + a.width <= b.x
                    || b.x + b.width <= a.x
                    || a.y + a.height <= b.y
                    || b.y + b.height <= a.y;
                assert!(apart, "{a:?} and {b:?}");
            }
            assert!(a.x >= 0.0 && a.x + a.width <= layout.width && a.y + a.height <= layout.height);
        }
    }
}
