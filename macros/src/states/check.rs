//! The rules of states in `#[apply]`.

use syn::{Ident, Path};

use super::{Arm, Gives, Impossible, Takes, Way};
use crate::{errors::Errors, impl_block::Method, messages::states as messages, patterns::same_variant};

/// What one method takes and makes goes together. Whether it does.
pub(super) fn check_way(method: &Method, way: &Way, errors: &mut Errors) -> bool {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    let makes_unit = way.to.len() == 1;
    match (way.takes, way.gives) {
        (Takes::BorrowedInside, Gives::Whole | Gives::Inside) => {
            errors.push(&signature.output, messages::stays_and_returns(&name));
        }
        (Takes::BorrowedInside, Gives::Nothing) if !way.to.is_empty() => {
            errors.push(&way.to[0], messages::stays_and_leads(&name));
        }
        (Takes::Nothing, Gives::Nothing) if way.creates() && !makes_unit => {
            errors.push(&signature.ident, messages::neither_takes_nor_makes(&name));
        }
        (Takes::Owned | Takes::OwnedInside | Takes::Nothing, Gives::Nothing) if !makes_unit => {
            errors.push(&signature.ident, messages::makes_nothing(&name));
        }
        _ => return true,
    }
    false
}

/// Every event in every state has one method, or is impossible.
pub(crate) fn check(arms: &[Arm], impossible: &[Impossible], ignored: &[Path], errors: &mut Errors) {
    check_one_method_per_pair(arms, errors);
    let mut states: Vec<&Ident> = Vec::new();
    for Impossible { state, events } in impossible {
        if states.contains(&state) {
            errors.push(state, messages::impossible_state_twice(&state.to_string()));
            continue;
        }
        states.push(state);
        match events {
            None => check_final(state, arms, errors),
            Some(events) => check_events(state, events, arms, ignored, errors),
        }
    }
}

/// The methods that take a state, with the patterns that leave nothing of a variant to others.
fn pairs(arms: &[Arm]) -> impl Iterator<Item = (&Arm, &Path)> {
    arms.iter().flat_map(|arm| {
        arm.patterns.iter().filter(|pattern| pattern.takes_all).map(move |pattern| (arm, &pattern.path))
    })
}

fn check_one_method_per_pair(arms: &[Arm], errors: &mut Errors) {
    let mut seen: Vec<(&Arm, &Path)> = Vec::new();
    for (arm, path) in pairs(arms) {
        let Some(event) = path.segments.last().map(|last| &last.ident) else { continue };
        let before = seen.iter().filter(|(_, known)| same_variant(known, path));
        let clash =
            before.filter(|(first, _)| first.way.creates() == arm.way.creates()).find_map(|(first, _)| {
                let (ours, theirs) = (&arm.way.from, &first.way.from);
                let shared = ours.iter().find(|state| theirs.is_empty() || theirs.contains(state));
                let any = (ours.is_empty()).then(|| theirs.first());
                match (shared, any) {
                    (Some(state), _) => Some((first, Some(state.to_string()))),
                    (None, Some(state)) => Some((first, state.map(ToString::to_string))),
                    (None, None) => None,
                }
            });
        if let Some((first, state)) = clash {
            let (event_name, first) = (event.to_string(), first.method.to_string());
            errors.push(
                event,
                match state {
                    Some(state) => messages::handled_twice_in(&event_name, &state, &first),
                    None => crate::messages::apply::handled_twice(&event_name, &first),
                },
            );
        }
        seen.push((arm, path));
    }
}

/// Nothing follows on a state that is final.
fn check_final(state: &Ident, arms: &[Arm], errors: &mut Errors) {
    if let Some(arm) = arms.iter().find(|arm| arm.way.from.contains(state)) {
        errors.push(state, messages::final_and_applied(&state.to_string(), &arm.method.to_string()));
    }
}

fn check_events(state: &Ident, events: &[Path], arms: &[Arm], ignored: &[Path], errors: &mut Errors) {
    for (place, event) in events.iter().enumerate() {
        let Some(name) = event.segments.last().map(|last| &last.ident) else { continue };
        let (text, state_text) = (name.to_string(), state.to_string());
        let applied = pairs(arms).find(|(arm, path)| arm.way.is_for(state) && same_variant(path, event));
        if events[..place].iter().any(|before| same_variant(before, event)) {
            errors.push(name, messages::impossible_twice(&text, &state_text));
        } else if let Some((arm, _)) = applied {
            errors.push(name, messages::impossible_and_applied(&text, &state_text, &arm.method.to_string()));
        } else if ignored.iter().any(|other| same_variant(other, event)) {
            errors.push(name, messages::impossible_and_ignored(&text));
        }
    }
}
