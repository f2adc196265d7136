use std::{borrow::Cow, cmp::Ordering};

use serde_json::{Number, Value};

use super::{
    expression::{Comparison, Expression, Fit, Operand, Pattern},
    find::nodes,
    i_regexp,
};

/// Whether a condition holds for a child.
pub(super) fn holds(expression: &Expression, root: &Value, current: &Value) -> bool {
    match expression {
        Expression::Any(all) => all.iter().any(|one| holds(one, root, current)),
        Expression::All(all) => all.iter().all(|one| holds(one, root, current)),
        Expression::Not(one) => !holds(one, root, current),
        Expression::Finds(path) => !nodes(path, root, current).is_empty(),
        Expression::Compares { left, how, right } => {
            compare(&value(left, root, current), *how, &value(right, root, current))
        }
        Expression::Fits(fit) => fits(fit, root, current),
    }
}

/// A value; none where there is nothing.
fn value<'v>(operand: &'v Operand, root: &'v Value, current: &'v Value) -> Option<Cow<'v, Value>> {
    match operand {
        Operand::Is(value) => Some(Cow::Borrowed(value)),
        Operand::At(path) | Operand::ValueOf(path) => match nodes(path, root, current)[..] {
            [only] => Some(Cow::Borrowed(only)),
            _ => None,
        },
        Operand::Count(path) => Some(Cow::Owned(nodes(path, root, current).len().into())),
        Operand::Length(of) => {
            let length = match &*value(of, root, current)? {
                Value::String(text) => text.chars().count(),
                Value::Array(items) => items.len(),
                Value::Object(members) => members.len(),
                _ => return None,
            };
            Some(Cow::Owned(length.into()))
        }
    }
}

fn compare(left: &Option<Cow<'_, Value>>, how: Comparison, right: &Option<Cow<'_, Value>>) -> bool {
    let equal = || match (left, right) {
        (Some(left), Some(right)) => same(left, right),
        (left, right) => left.is_none() && right.is_none(),
    };
    let order = match (left.as_deref(), right.as_deref()) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => order(left, right),
        // By code points, which is by bytes in UTF-8.
        (Some(Value::String(left)), Some(Value::String(right))) => Some(left.cmp(right)),
        _ => None,
    };
    match how {
        Comparison::Equal => equal(),
        Comparison::Unequal => !equal(),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::AtMost => order == Some(Ordering::Less) || equal(),
        Comparison::AtLeast => order == Some(Ordering::Greater) || equal(),
    }
}

/// Whether two values are the same; 1 and 1.0 are, also within others.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => order(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let has = |(name, value)| right.get(name).is_some_and(|other| same(value, other));
            left.len() == right.len() && left.iter().all(has)
        }
        (left, right) => left == right,
    }
}

/// Exactly where both are whole.
fn order(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn fits(fit: &Fit, root: &Value, current: &Value) -> bool {
    let text = value(&fit.text, root, current);
    let Some(text) = text.as_deref().and_then(Value::as_str) else { return false };
    match &fit.pattern {
        Pattern::Known(pattern) => pattern.as_ref().is_some_and(|pattern| pattern.is_match(text)),
        Pattern::Asked(operand) => {
            let pattern = value(operand, root, current);
            let pattern = pattern.as_deref().and_then(Value::as_str);
            pattern
                .and_then(|pattern| i_regexp::compile(pattern, fit.whole))
                .is_some_and(|pattern| pattern.is_match(text))
        }
    }
}
