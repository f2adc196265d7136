//! Which node stands in which column.

use super::Diagram;

/// The column of each node, so that links go to the right, but for those that close a circle.
pub(super) fn columns(diagram: &Diagram) -> Vec<usize> {
    let forward = without_circles(diagram);
    let mut columns = vec![0; diagram.nodes.len()];
    // As often as there are nodes is enough for the longest way.
    for _ in 0..diagram.nodes.len() {
        let mut changed = false;
        for &(from, to) in &forward {
            if columns[to] < columns[from] + 1 {
                columns[to] = columns[from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    pull_to_the_right(&mut columns, &forward);
    columns
}

/// What nothing leads to stands right before what it leads to, and not far away in the first column.
fn pull_to_the_right(columns: &mut [usize], links: &[(usize, usize)]) {
    for node in 0..columns.len() {
        if links.iter().any(|&(_, to)| to == node) {
            continue;
        }
        let next = links.iter().filter(|&&(from, _)| from == node).map(|&(_, to)| columns[to]).min();
        if let Some(next) = next {
            columns[node] = next.saturating_sub(1);
        }
    }
}

/// The links without those that lead back to where one has come from.
fn without_circles(diagram: &Diagram) -> Vec<(usize, usize)> {
    let count = diagram.nodes.len();
    let mut state = vec![State::New; count];
    let mut forward = Vec::new();
    let leads_in: Vec<bool> = (0..count)
        .map(|node| diagram.links.iter().any(|link| link.to == node && link.from != node))
        .collect();
    // First from where nothing leads to, then from the rest.
    let (free, rest): (Vec<usize>, Vec<usize>) = (0..count).partition(|&node| !leads_in[node]);
    for root in free.into_iter().chain(rest) {
        if state[root] == State::New {
            visit(diagram, root, &mut state, &mut forward);
        }
    }
    forward
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// Goes through everything behind a node. Not by recursion: a chain may be long.
fn visit(diagram: &Diagram, root: usize, state: &mut [State], forward: &mut Vec<(usize, usize)>) {
    let mut path = vec![(root, 0)];
    state[root] = State::Open;
    while let Some(&mut (node, ref mut next)) = path.last_mut() {
        let Some(link) = diagram.links.iter().filter(|link| link.from == node).nth(*next) else {
            state[node] = State::Done;
            path.pop();
            continue;
        };
        *next += 1;
        match state[link.to] {
            State::Open => {}
            State::Done => forward.push((node, link.to)),
            State::New => {
                forward.push((node, link.to));
                state[link.to] = State::Open;
                path.push((link.to, 0));
            }
        }
    }
}
