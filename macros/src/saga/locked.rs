//! The saga held against `gesta.lock`: the steps of a version that was released stay as they are.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, spanned::Spanned};

use super::model::Saga;
use crate::{
    errors::Errors,
    messages::lock as messages,
    naming::type_text,
    recorded::{LockedSaga, LockedStep},
    steps::{Step, Undo},
};

pub(super) fn check(model: &Saga, errors: &mut Errors) {
    let Some(locked) = locked(model) else { return };
    if !check_names(model, locked, errors) {
        return;
    }
    for (step, locked) in model.steps.iter().zip(&locked.steps) {
        let (now, before) = (kind(step), locked.kind.as_ref());
        if let Some(before) = before.filter(|before| **before != now) {
            let message = messages::step_kind(&locked.name, &saga(model), before, &now, &raise(model));
            errors.push(&step.call.name, message);
        }
    }
}

/// What is recorded of this version.
fn locked(model: &Saga) -> Option<&LockedSaga> {
    let (name, lock) = (model.stored_name(), model.lock.as_ref()?);
    let same = |saga: &&LockedSaga| saga.name == name && saga.version == model.version && !saga.retired;
    lock.content.sagas.iter().find(same)
}

/// The steps are the same ones in the same order. Tells the first difference, at the step that is now there.
fn check_names(model: &Saga, locked: &LockedSaga, errors: &mut Errors) -> bool {
    let before: Vec<&str> = locked.steps.iter().map(|step| step.name.as_str()).collect();
    let names: Vec<String> = model.steps.iter().map(Step::stored_name).collect();
    let now: Vec<&str> = names.iter().map(String::as_str).collect();
    if before == now {
        return true;
    }
    let at = before.iter().zip(&now).take_while(|(before, now)| before == now).count();
    let (was, is) = (before.get(at).copied(), now.get(at).copied());
    let kept = |step: &str| now.contains(&step);
    let what = match (was, is) {
        (Some(was), Some(is)) if !kept(was) && !before.contains(&is) => messages::step_renamed(was, is),
        (Some(was), _) if !kept(was) => messages::step_removed(was),
        (_, Some(is)) if !before.contains(&is) => messages::step_added(is),
        (Some(was), _) => messages::step_moved(was),
        // Both lists end here: then they are the same.
        (None, _) => return true,
    };
    let message = messages::steps(&what, &saga(model), &before, &now, &raise(model));
    match model.steps.get(at) {
        Some(step) => errors.push(name_token(step), message),
        None => errors.push(&model.block.ty, message),
    }
    false
}

/// Where the name of a step stands.
fn name_token(step: &Step) -> &dyn ToTokens {
    match &step.name {
        Some(literal) => literal,
        None => &step.call.name,
    }
}

/// `command+compensation`, as it is in the file.
fn kind(step: &Step) -> String {
    let kind = if step.call.is_async { "foreign" } else { "command" };
    let undo = match &step.undo {
        Some(Undo::Compensation(..)) => "compensation",
        Some(Undo::Nothing(_)) => "nothing",
        Some(Undo::Retriable) => "retriable",
        Some(Undo::Pivot) | None => "pivot",
    };
    format!("{kind}+{undo}")
}

/// As it is called in errors.
fn saga(model: &Saga) -> String {
    format!("saga `{}` v{}", model.stored_name(), model.version)
}

/// What to write for steps that have changed.
fn raise(model: &Saga) -> String {
    messages::raise_saga(&type_text(&model.block.ty), model.version)
}

/// What is recorded of the data of a version, where instances of it may be left.
fn data_of(model: &Saga, version: u64) -> Option<&str> {
    let (name, lock) = (model.stored_name(), model.lock.as_ref()?);
    let same = |saga: &&LockedSaga| saga.name == name && saga.version == version && !saga.retired;
    lock.content.sagas.iter().find(same)?.data.as_deref()
}

/// The data of this version at the name of the saga, and those of the versions before at the types that keep them.
fn data(model: &Saga) -> TokenStream {
    let older = model.from.iter().flat_map(|(_, older)| older);
    // Checked: there are fewer than versions.
    let first = model.version.saturating_sub(older.clone().count() as u64);
    let older =
        older.zip(first..).map(|(ty, version)| (ty, version, messages::undo_the_change_of(&type_text(ty))));
    let own = (&model.block.ty, model.version, messages::undo_or(&raise(model)));
    let checks = older.chain([own]).filter_map(|(ty, version, help)| {
        let (shape, there) = (data_of(model, version)?, model.runtime.private_of(ty.span()));
        let what = messages::data_of(&format!("saga `{}` v{version}", model.stored_name()));
        let probe = quote_spanned!(ty.span()=> #there::Probe::<#ty>::SHAPE);
        Some(quote_spanned!(ty.span()=> const _: () = #there::domain::check_locked_data(#what, #shape, #probe, #help);))
    });
    let (checks, private): (Vec<_>, _) = (checks.collect(), model.runtime.private());
    if checks.is_empty() {
        return TokenStream::new();
    }
    quote! {
        const _: () = {
            #[allow(unused_imports)]
            use #private::NoShape as _;
            #(#checks)*
        };
    }
}

/// One constant for each step whose output is recorded, at the step's name, and those of the data.
pub(super) fn expand(model: &Saga) -> TokenStream {
    let Some(lock) = &model.lock else { return TokenStream::new() };
    let tracked = lock.tracked(&model.runtime.private());
    let steps: &[LockedStep] = locked(model).map(|locked| &locked.steps[..]).unwrap_or_default();
    let checks = model.steps.iter().zip(steps).enumerate().map(|(at, (step, locked))| {
        let what = messages::output_of(&locked.name, &saga(model));
        let help = messages::undo_or(&raise(model));
        let (shape, span) = (&locked.shape, step.call.name.span());
        let (there, ty) = (model.runtime.private_of(span), &model.block.ty);
        let info: Ident = Ident::new("STEPS", span);
        quote_spanned! {span=>
            const _: () = #there::domain::check_locked(
                #what, #shape, <#ty as #there::saga::Saga>::#info[#at].output, #help,
            );
        }
    });
    let data = data(model);
    quote!(#tracked #(#checks)* #data)
}
