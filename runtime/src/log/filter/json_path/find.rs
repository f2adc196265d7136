use serde_json::Value;

use super::{
    decide::holds,
    path::{From, Path, Segment, Selector},
};

/// What a path finds, in order.
pub(super) fn nodes<'v>(path: &Path, root: &'v Value, current: &'v Value) -> Vec<&'v Value> {
    let begin = match path.from {
        From::Root => root,
        From::Current => current,
    };
    let step = |found: Vec<&'v Value>, segment: &Segment| {
        let mut next = Vec::new();
        for node in found {
            follow(segment, root, node, &mut next);
        }
        next
    };
    path.segments.iter().fold(vec![begin], step)
}

fn follow<'v>(segment: &Segment, root: &'v Value, node: &'v Value, found: &mut Vec<&'v Value>) {
    for selector in &segment.selectors {
        select(selector, root, node, found);
    }
    if segment.descends {
        // As deep as JSON is, which is bounded where it is read.
        for child in children(node) {
            follow(segment, root, child, found);
        }
    }
}

fn select<'v>(selector: &Selector, root: &'v Value, node: &'v Value, found: &mut Vec<&'v Value>) {
    match selector {
        Selector::Name(name) => found.extend(node.as_object().and_then(|object| object.get(name))),
        Selector::All => found.extend(children(node)),
        Selector::Index(index) => {
            let items = node.as_array().map(Vec::as_slice).unwrap_or_default();
            let index = if *index < 0 { *index + length(items) } else { *index };
            found.extend(usize::try_from(index).ok().and_then(|index| items.get(index)));
        }
        Selector::Slice { start, end, step } => {
            let items = node.as_array().map(Vec::as_slice).unwrap_or_default();
            slice(items, (*start, *end, *step), found);
        }
        Selector::Filter(expression) => {
            found.extend(children(node).filter(|child| holds(expression, root, child)));
        }
    }
}

/// The elements or members of a value.
fn children(node: &Value) -> impl Iterator<Item = &Value> {
    let items = node.as_array().into_iter().flatten();
    items.chain(node.as_object().into_iter().flat_map(|object| object.values()))
}

fn slice<'v>(
    items: &'v [Value],
    (start, end, step): (Option<i64>, Option<i64>, i64),
    found: &mut Vec<&'v Value>,
) {
    let length = length(items);
    let from_begin = |place: i64| if place < 0 { place + length } else { place };
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |place: Option<i64>, otherwise| place.map_or(otherwise, from_begin).max(lowest).min(highest);
    let (default_start, default_end) = if step > 0 { (lowest, highest) } else { (highest, lowest) };
    let (mut place, end) = (bound(start, default_start), bound(end, default_end));
    while step > 0 && place < end || step < 0 && place > end {
        found.extend(usize::try_from(place).ok().and_then(|place| items.get(place)));
        place += step;
    }
}

/// No array has more elements than that.
fn length(items: &[Value]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}
