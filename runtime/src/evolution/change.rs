use serde::Serialize;

use super::{OwnedField, OwnedShape, OwnedVariant, scalar::scalar_reads};

/// One difference between an old shape and a new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Where it is: fields and places behind dots, `[]` for the items of a list, `{}` for the values of a map, and
    /// variants behind `::`. Empty for the payload as a whole.
    pub path: String,
    /// What kind of difference it is.
    pub kind: ChangeKind,
    /// What it is and what follows, in a sentence.
    pub sentence: String,
    /// Whether new code still reads, in spite of it, what old code has written.
    pub backward: bool,
    /// Whether old code still reads, in spite of it, what new code writes.
    pub forward: bool,
}

/// The kinds of differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// A field or a variant has come.
    Added,
    /// A field or a variant has gone.
    Removed,
    /// One has gone, and one of the same shape and another name has come.
    Renamed,
    /// What had to be there may be absent or null.
    MadeOptional,
    /// What could be absent or null must be there.
    MadeRequired,
    /// It can hold more than before.
    Widened,
    /// It can hold less than before.
    Narrowed,
    /// It stands elsewhere.
    Moved,
    /// It is something else.
    Replaced,
}

/// Every difference between two shapes, as code without a version between them would meet it.
pub fn changes(old: &OwnedShape, new: &OwnedShape) -> Vec<Change> {
    let mut found = Found(Vec::new());
    found.shapes("", old, new);
    found.0
}

/// Whether a reader of the shape `reader` reads everything that was written with the shape `writer`.
pub fn reads(writer: &OwnedShape, reader: &OwnedShape) -> bool {
    changes(writer, reader).iter().all(|change| change.backward)
}

struct Found(Vec<Change>);

impl Found {
    fn push(&mut self, path: &str, kind: ChangeKind, backward: bool, forward: bool, sentence: String) {
        self.0.push(Change { path: path.to_owned(), kind, sentence, backward, forward });
    }

    fn shapes(&mut self, path: &str, old: &OwnedShape, new: &OwnedShape) {
        use OwnedShape as S;
        match (old, new) {
            _ if old == new => {}
            (S::Optional(old), S::Optional(new)) => self.shapes(path, old, new),
            (S::Optional(old), S::Scalar(any)) if any == "any" => self.shapes(path, old, new),
            (S::Scalar(any), S::Optional(new)) if any == "any" => self.shapes(path, old, new),
            (S::Optional(old), new) => {
                let sentence = "it could be null and can no longer be: stored nulls are not read".to_owned();
                self.push(path, ChangeKind::MadeRequired, false, true, sentence);
                self.shapes(path, old, new);
            }
            (old, S::Optional(new)) => {
                let sentence = "it can be null now, which old code does not read".to_owned();
                self.push(path, ChangeKind::MadeOptional, true, false, sentence);
                self.shapes(path, old, new);
            }
            (S::List(old), S::List(new)) => self.shapes(&format!("{path}[]"), old, new),
            (S::Map(old_key, old), S::Map(new_key, new)) => {
                self.shapes(&format!("{path}{{key}}"), old_key, new_key);
                self.shapes(&format!("{path}{{}}"), old, new);
            }
            (S::Tuple(old), S::Tuple(new)) if old.len() == new.len() => {
                for (place, (old, new)) in old.iter().zip(new).enumerate() {
                    self.shapes(&below(path, &place.to_string()), old, new);
                }
            }
            (S::Struct(old), S::Struct(new)) => self.fields(path, old, new),
            (S::Enum(old), S::Enum(new)) => self.variants(path, old, new),
            (S::Reference(old), S::Reference(new)) => {
                let sentence = format!(
                    "it leads back to `{new}`, before to `{old}`: a name in the source, which is not stored"
                );
                self.push(path, ChangeKind::Renamed, true, true, sentence);
            }
            _ => self.replaced(path, old, new),
        }
    }

    /// Shapes of different forms.
    fn replaced(&mut self, path: &str, old: &OwnedShape, new: &OwnedShape) {
        let (backward, forward) = (holds(new, old), holds(old, new));
        let (kind, what) = match (backward, forward) {
            (true, false) => (ChangeKind::Widened, "old code does not read all of it"),
            (false, true) => (ChangeKind::Narrowed, "what is stored may not fit"),
            (true, true) => (ChangeKind::Replaced, "both read both"),
            (false, false) => (ChangeKind::Replaced, "neither reads the other"),
        };
        self.push(path, kind, backward, forward, format!("it was `{old}` and is `{new}`: {what}"));
    }

    fn fields(&mut self, path: &str, old: &[OwnedField], new: &[OwnedField]) {
        let gone = || old.iter().filter(|field| new.iter().all(|other| other.name != field.name));
        let come = || new.iter().filter(|field| old.iter().all(|other| other.name != field.name));
        for field in gone() {
            let at = below(path, &field.name);
            let heir = only(come().filter(|other| other.shape == field.shape));
            let heir = heir.filter(|_| gone().filter(|other| other.shape == field.shape).count() == 1);
            let forward = may_be_missing(field);
            let unread = if forward { "" } else { ", and old code does not read payloads without it" };
            match heir {
                Some(heir) => self.push(&at, ChangeKind::Renamed, true, forward, format!(
                    "it seems to be called `{}` now: what is stored under the old name is no longer read{unread}; \
                     `#[serde(alias = \"{}\")]` would read it", heir.name, field.name
                )),
                None => self.push(&at, ChangeKind::Removed, true, forward, format!(
                    "the field is gone: what is stored of it is no longer read{unread}"
                )),
            }
        }
        for field in come() {
            let backward = may_be_missing(field);
            let sentence = match backward {
                true => "the field is new and may be missing, as it is in what is stored",
                false => "the field is new and required, and what is stored is without it",
            };
            self.push(&below(path, &field.name), ChangeKind::Added, backward, true, sentence.to_owned());
        }
        for (before, now) in pairs(old, new, |field| &field.name) {
            let at = below(path, &now.name);
            if before.optional && !may_be_missing(now) {
                let sentence =
                    "it could be missing and no longer can: stored payloads without it are not read";
                self.push(&at, ChangeKind::MadeRequired, false, true, sentence.to_owned());
            } else if now.optional && !may_be_missing(before) {
                let sentence = "it can be missing now, which old code does not read";
                self.push(&at, ChangeKind::MadeOptional, true, false, sentence.to_owned());
            }
            self.shapes(&at, &before.shape, &now.shape);
        }
        self.order(path, old, new, |field| &field.name);
    }

    fn variants(&mut self, path: &str, old: &[OwnedVariant], new: &[OwnedVariant]) {
        for gone in old.iter().filter(|variant| new.iter().all(|other| other.name != variant.name)) {
            let sentence = format!("the variant `{}` is gone: stored values of it are not read", gone.name);
            self.push(&format!("{path}::{}", gone.name), ChangeKind::Removed, false, true, sentence);
        }
        for come in new.iter().filter(|variant| old.iter().all(|other| other.name != variant.name)) {
            let sentence = format!("the variant `{}` is new, which old code does not read", come.name);
            self.push(&format!("{path}::{}", come.name), ChangeKind::Added, true, false, sentence);
        }
        for (before, now) in pairs(old, new, |variant| &variant.name) {
            self.shapes(&format!("{path}::{}", now.name), &before.shape, &now.shape);
        }
        self.order(path, old, new, |variant| &variant.name);
    }

    fn order<T>(&mut self, path: &str, old: &[T], new: &[T], name: fn(&T) -> &String) {
        let before: Vec<_> = pairs(old, new, name).map(|(before, _)| name(before)).collect();
        let now = new.iter().map(name).filter(|now| before.contains(now));
        if !before.iter().copied().eq(now) {
            let sentence = "the order is another one, which is of no importance in JSON".to_owned();
            self.push(path, ChangeKind::Moved, true, true, sentence);
        }
    }
}

/// Whether everything that `inner` is written as can be read as `outer`, where their forms differ.
fn holds(outer: &OwnedShape, inner: &OwnedShape) -> bool {
    use OwnedShape as S;
    match (inner, outer) {
        (S::Scalar(inner), S::Scalar(outer)) => scalar_reads(inner, outer),
        (_, S::Scalar(any)) if any == "any" => true,
        (S::Enum(variants), S::Scalar(text)) => {
            text == "string" && variants.iter().all(OwnedVariant::is_unit)
        }
        (S::Tuple(places), S::List(item)) => places.iter().all(|place| reads(place, item)),
        (S::Struct(fields), S::Map(key, value)) => {
            matches!(&**key, S::Scalar(key) if key == "string")
                && fields.iter().all(|field| reads(&field.shape, value))
        }
        _ => false,
    }
}

/// Whether serde reads a payload without this field.
fn may_be_missing(field: &OwnedField) -> bool {
    field.optional || matches!(field.shape, OwnedShape::Optional(_))
}

/// What is in both, by name, in the order of the old ones.
fn pairs<'s, T>(old: &'s [T], new: &'s [T], name: fn(&T) -> &String) -> impl Iterator<Item = (&'s T, &'s T)> {
    old.iter().filter_map(move |before| Some((before, new.iter().find(|now| name(now) == name(before))?)))
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next();
    if items.next().is_some() { None } else { first }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Old shape, new shape, whether new reads old, whether old reads new, and where and what the first change is.
    type Case = (&'static str, &'static str, bool, bool, &'static str, ChangeKind);

    const CASES: [Case; 26] = [
        ("{a:u8}", "{a:u8,b:u8}", false, true, "b", ChangeKind::Added),
        ("{a:u8}", "{a:u8,b?:u8}", true, true, "b", ChangeKind::Added),
        ("{a:u8}", "{a:u8,b:u8?}", true, true, "b", ChangeKind::Added),
        ("{a:u8,b:u8}", "{a:u8}", true, false, "b", ChangeKind::Removed),
        ("{a:u8,b?:u8}", "{a:u8}", true, true, "b", ChangeKind::Removed),
        ("{a:u8}", "{b:u8}", false, false, "a", ChangeKind::Renamed),
        ("{a:u8,c:u8}", "{b:u8}", false, false, "a", ChangeKind::Removed),
        ("{a:u8}", "{a?:u8}", true, false, "a", ChangeKind::MadeOptional),
        ("{a?:u8}", "{a:u8}", false, true, "a", ChangeKind::MadeRequired),
        ("{a?:u8?}", "{a:u8?}", true, true, "", ChangeKind::Moved),
        ("{a:u8}", "{a:u8?}", true, false, "a", ChangeKind::MadeOptional),
        ("{a:u8?}", "{a:u8}", false, true, "a", ChangeKind::MadeRequired),
        ("{a:u8}", "{a:u16}", true, false, "a", ChangeKind::Widened),
        ("{a:u64}", "{a:i64}", false, false, "a", ChangeKind::Replaced),
        ("{a:uuid}", "{a:string}", true, false, "a", ChangeKind::Widened),
        ("{a:string}", "{a:uuid}", false, true, "a", ChangeKind::Narrowed),
        ("{a:[{x:u8}]}", "{a:[{x:u16}]}", true, false, "a[].x", ChangeKind::Widened),
        ("{a:map<string,u8>}", "{a:map<string,u16>}", true, false, "a{}", ChangeKind::Widened),
        ("(u8,u8)", "(u8,u16)", true, false, "1", ChangeKind::Widened),
        ("(u8,u8)", "(u8,u8,u8)", false, false, "", ChangeKind::Replaced),
        ("(u8,u8)", "[u16]", true, false, "", ChangeKind::Widened),
        ("{x:u8}", "map<string,u8>", true, false, "", ChangeKind::Widened),
        ("enum{A}", "enum{A,B:u8}", true, false, "::B", ChangeKind::Added),
        ("enum{A,B}", "enum{A}", false, true, "::B", ChangeKind::Removed),
        ("enum{A}", "enum{A:u8}", false, false, "::A", ChangeKind::Replaced),
        ("enum{A,B}", "string", true, false, "", ChangeKind::Widened),
    ];

    #[test]
    fn every_kind_of_change_is_judged_in_both_directions() {
        for (old, new, backward, forward, path, kind) in CASES {
            let found = changes(&old.parse().unwrap(), &new.parse().unwrap());
            assert_eq!(found.iter().all(|change| change.backward), backward, "{old} -> {new}: {found:?}");
            assert_eq!(found.iter().all(|change| change.forward), forward, "{old} -> {new}: {found:?}");
            if kind != ChangeKind::Moved {
                assert_eq!(
                    (found[0].path.as_str(), found[0].kind),
                    (path, kind),
                    "{old} -> {new}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_forward_is_backward_the_other_way_round() {
        for (old, new, ..) in CASES {
            let (old, new) = (&old.parse().unwrap(), &new.parse().unwrap());
            let forward = changes(old, new).iter().all(|change| change.forward);
            assert_eq!(forward, reads(new, old), "{old} -> {new}");
            assert!(reads(old, old) && reads(new, new));
        }
    }

    #[test]
    fn another_order_is_said_and_harmless() {
        let found = changes(&"{a:u8,b:u8}".parse().unwrap(), &"{b:u8,a:u8}".parse().unwrap());
        assert_eq!(found.len(), 1);
        assert!(found[0].kind == ChangeKind::Moved && found[0].backward && found[0].forward);
    }
}
