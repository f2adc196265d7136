//! Where everything stands in a picture.

use super::{Diagram, layers};

/// Where everything stands.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) boxes: Vec<Box>,
    /// The points that each link goes through, from border to border.
    pub(super) ways: Vec<Vec<(f64, f64)>>,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Box {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

const LETTER: f64 = 7.0;
pub(super) const LINE: f64 = 15.0;
const MARGIN: f64 = 24.0;
const TITLE: f64 = 30.0;
const GAP: f64 = 18.0;
const BETWEEN: f64 = 56.0;

/// A place in a column: a node, or where a long link passes.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Node(usize),
    Passing(usize),
}

/// Everything while it is sorted.
struct Sorting {
    columns: Vec<Vec<usize>>,
    places: Vec<Place>,
    links: Vec<(usize, usize)>,
}

pub(super) fn layout(diagram: &Diagram) -> Layout {
    let column = layers::columns(diagram);
    let mut sorting = places(diagram, &column);
    for _ in 0..8 {
        sorting.sweep(true);
        sorting.sweep(false);
    }
    stand(diagram, &column, &sorting)
}

/// The nodes in their columns, and a place in each column that a link passes.
fn places(diagram: &Diagram, column: &[usize]) -> Sorting {
    let last = column.iter().copied().max().unwrap_or(0);
    let mut sorting = Sorting { columns: vec![Vec::new(); last + 1], places: Vec::new(), links: Vec::new() };
    for (node, &at) in column.iter().enumerate() {
        sorting.columns[at].push(node);
        sorting.places.push(Place::Node(node));
    }
    for (at, link) in diagram.links.iter().enumerate() {
        let (left, right) =
            if column[link.from] <= column[link.to] { (link.from, link.to) } else { (link.to, link.from) };
        let mut before = left;
        for passed in column[left] + 1..column[right] {
            let place = sorting.places.len();
            sorting.places.push(Place::Passing(at));
            sorting.columns[passed].push(place);
            sorting.links.push((before, place));
            before = place;
        }
        if column[left] != column[right] {
            sorting.links.push((before, right));
        }
    }
    sorting
}

impl Sorting {
    /// Sorts every column by where its neighbours stand in the column before, or behind.
    fn sweep(&mut self, forward: bool) {
        let count = self.columns.len();
        let order: Vec<usize> =
            if forward { (1..count).collect() } else { (0..count.saturating_sub(1)).rev().collect() };
        for at in order {
            let beside = &self.columns[if forward { at - 1 } else { at + 1 }];
            let place_of = |place: usize| beside.iter().position(|&other| other == place);
            let mut keyed: Vec<(f64, usize)> = self.columns[at]
                .iter()
                .enumerate()
                .map(|(now, &place)| {
                    let neighbours = self.links.iter().filter_map(|&(from, to)| match forward {
                        true if to == place => place_of(from),
                        false if from == place => place_of(to),
                        _ => None,
                    });
                    let found: Vec<usize> = neighbours.collect();
                    let middle = match found.len() {
                        0 => now as f64,
                        n => found.iter().sum::<usize>() as f64 / n as f64,
                    };
                    (middle, place)
                })
                .collect();
            // Stable: what stands equally stays as it is.
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            self.columns[at] = keyed.into_iter().map(|(_, place)| place).collect();
        }
    }
}

/// Gives every place its point.
fn stand(diagram: &Diagram, column: &[usize], sorting: &Sorting) -> Layout {
    let sizes: Vec<(f64, f64)> = diagram.nodes.iter().map(|node| size(&node.label)).collect();
    let of = |place: usize| match sorting.places[place] {
        Place::Node(node) => sizes[node],
        Place::Passing(_) => (0.0, LINE),
    };
    let heights: Vec<f64> = sorting
        .columns
        .iter()
        .map(|places| places.iter().map(|&place| of(place).1 + GAP).sum::<f64>() - GAP)
        .collect();
    let tallest = heights.iter().copied().fold(0.0, f64::max);
    let mut centres = vec![(0.0, 0.0); sorting.places.len()];
    let mut boxes = vec![Box::default(); diagram.nodes.len()];
    let mut x = MARGIN;
    for (at, places) in sorting.columns.iter().enumerate() {
        let width = places.iter().map(|&place| of(place).0).fold(0.0, f64::max);
        let mut y = MARGIN + TITLE + (tallest - heights[at]) / 2.0;
        for &place in places {
            let (own, height) = of(place);
            centres[place] = (x + width / 2.0, y + height / 2.0);
            if let Place::Node(node) = sorting.places[place] {
                boxes[node] = Box { x: x + (width - own) / 2.0, y, width: own, height };
            }
            y += height + GAP;
        }
        x += width + BETWEEN + said_after(diagram, column, at);
    }
    let ways = ways(diagram, column, sorting, &boxes, &centres);
    Layout { width: x - BETWEEN + MARGIN, height: MARGIN * 2.0 + TITLE + tallest + LINE, boxes, ways }
}

/// Room for the longest text beside a link that begins or ends behind a column.
fn said_after(diagram: &Diagram, column: &[usize], at: usize) -> f64 {
    let beside = diagram.links.iter().filter(|link| column[link.from].min(column[link.to]) == at);
    beside.map(|link| size(&link.label).0 * 0.8).fold(0.0, f64::max)
}

fn ways(
    diagram: &Diagram,
    column: &[usize],
    sorting: &Sorting,
    boxes: &[Box],
    centres: &[(f64, f64)],
) -> Vec<Vec<(f64, f64)>> {
    let passed = |link: usize| -> Vec<(f64, f64)> {
        let own = sorting.places.iter().enumerate().filter(|(_, place)| **place == Place::Passing(link));
        own.map(|(place, _)| centres[place]).collect()
    };
    let way = |(at, link): (usize, &super::Link)| {
        let (from, to) = (boxes[link.from], boxes[link.to]);
        let (left, right) =
            (|b: Box| (b.x, b.y + b.height / 2.0), |b: Box| (b.x + b.width, b.y + b.height / 2.0));
        let mut between = passed(at);
        match column[link.from].cmp(&column[link.to]) {
            std::cmp::Ordering::Less => {
                between.insert(0, right(from));
                between.push(left(to));
            }
            std::cmp::Ordering::Greater => {
                between.reverse();
                between.insert(0, left(from));
                between.push(right(to));
            }
            // Out to the right and back: above or below, or to itself.
            std::cmp::Ordering::Equal => {
                let out = (from.x + from.width).max(to.x + to.width) + 22.0;
                let (a, b) = match link.from == link.to {
                    true => (from.y + from.height * 0.25, from.y + from.height * 0.75),
                    false => (right(from).1, right(to).1),
                };
                between = vec![(from.x + from.width, a), (out, a), (out, b), (to.x + to.width, b)];
            }
        }
        between
    };
    diagram.links.iter().enumerate().map(way).collect()
}

/// How much room a text takes.
fn size(label: &str) -> (f64, f64) {
    let letters = label.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let lines = label.lines().count().max(1);
    (letters as f64 * LETTER + 20.0, lines as f64 * LINE + 14.0)
}
