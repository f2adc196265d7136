//! Reading what stands on the methods of a saga: `#[step(..)]`, `#[compensation(..)]` and `#[start(..)]`.

use syn::{Attribute, Ident, LitStr};

use super::starts::{self, StartMark};
use crate::{
    attribute::{Options, take_attributes},
    errors::Errors,
    keywords::{COMPENSATE, COMPENSATION, NAME, NO_COMPENSATION, PIVOT, PROBE, RETRIABLE, START, STEP},
    messages::saga as messages,
    policy::{TRIES, Tries},
};

/// What stands on one method.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) step: Option<StepMark>,
    /// How the compensation is tried, where something is said of it.
    pub(crate) compensation: Option<Tries>,
    pub(crate) start: Option<StartMark>,
}

impl Marks {
    /// Whether nothing stands on it.
    pub(crate) fn is_empty(&self) -> bool {
        self.step.is_none() && self.compensation.is_none() && self.start.is_none()
    }
}

/// `#[step(..)]`
pub(crate) struct StepMark {
    pub(crate) name: Option<LitStr>,
    /// None where nothing is said, or what is said has a mistake.
    pub(crate) undo: Option<UndoMark>,
    pub(crate) probe: Option<Ident>,
    pub(crate) tries: Tries,
}

/// What happens to a step when a later one fails, with the user's own words.
pub(crate) enum UndoMark {
    Compensate(Ident),
    Nothing(LitStr),
    Pivot,
    Retriable,
}

/// Takes our attributes off a method.
pub(crate) fn read(method: &Ident, attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Marks {
    let has = |attrs: &[Attribute], word: &str| attrs.iter().any(|attr| attr.path().is_ident(word));
    let (is_step, is_compensation) = (has(attrs, STEP), has(attrs, COMPENSATION));
    if is_step && is_compensation {
        take_attributes(attrs, COMPENSATION);
        errors.push(method, messages::step_and_compensation(&method.to_string()));
    }
    let started = take_attributes(attrs, START);
    if (is_step || is_compensation) && !started.is_empty() {
        take_attributes(attrs, STEP);
        take_attributes(attrs, COMPENSATION);
        errors.push(method, messages::start_and_step(&method.to_string()));
        return Marks::default();
    }
    let step = is_step.then(|| read_step(method, attrs, errors));
    let compensation = (is_compensation && !is_step).then(|| {
        let mut options = Options::take_from(attrs, COMPENSATION, &TRIES, errors);
        Tries::read(&mut options, errors)
    });
    if let [_, second, ..] = &started[..] {
        errors.push(second, messages::two_starts());
    }
    let start = started.first().and_then(|start| starts::read_mark(start, errors));
    Marks { step, compensation, start }
}

fn read_step(method: &Ident, attrs: &mut Vec<Attribute>, errors: &mut Errors) -> StepMark {
    let undos = [COMPENSATE, NO_COMPENSATION, PIVOT, RETRIABLE];
    let known: Vec<&str> = undos.into_iter().chain([NAME, PROBE]).chain(TRIES).collect();
    let before = errors.count();
    let mut options = Options::take_from(attrs, STEP, &known, errors);
    let words: Vec<Ident> = undos.iter().filter_map(|word| options.key(word).cloned()).collect();
    let undo = read_undo(&mut options, errors);
    match &words[..] {
        // A word that is misspelt may be the one that is missing.
        [] if errors.count() == before => errors.push(method, messages::no_policy(&method.to_string())),
        [first, second, ..] => {
            let message =
                messages::two_policies(&method.to_string(), &first.to_string(), &second.to_string());
            errors.push(second, message);
        }
        _ => {}
    }
    StepMark {
        name: options.take_string(NAME, errors),
        undo,
        probe: options.take(PROBE, "probe = asked", errors),
        tries: Tries::read(&mut options, errors),
    }
}

fn read_undo(options: &mut Options, errors: &mut Errors) -> Option<UndoMark> {
    let compensate = options.take(COMPENSATE, "compensate = undo", errors).map(UndoMark::Compensate);
    let nothing = options.take_string(NO_COMPENSATION, errors).map(UndoMark::Nothing);
    if let Some(UndoMark::Nothing(reason)) = &nothing
        && reason.value().trim().is_empty()
    {
        errors.push(reason, messages::empty_reason());
    }
    let pivot = options.take_flag(PIVOT, errors).map(|_| UndoMark::Pivot);
    let retriable = options.take_flag(RETRIABLE, errors).map(|_| UndoMark::Retriable);
    compensate.or(nothing).or(pivot).or(retriable)
}
