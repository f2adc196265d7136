//! The shapes of types that everybody uses.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    num::{
        NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16,
        NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize, Saturating, Wrapping,
    },
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
    rc::Rc,
    sync::{Arc, Mutex, RwLock},
    time::{Duration, SystemTime},
};

use super::{Field, Schema, Shape, Variant};
use crate::domain::{IdempotencyKey, Meta, Position, Receipt, Timestamp};

macro_rules! scalars {
    ($($ty:ty => $name:literal),+ $(,)?) => {
        $(impl Schema for $ty {
            const SHAPE: &'static Shape = &Shape::Scalar($name);
        })+
    };
}

scalars! {
    bool => "bool", char => "char", f32 => "f32", f64 => "f64", () => "null",
    u8 => "u8", u16 => "u16", u32 => "u32", u64 => "u64", u128 => "u128", usize => "u64",
    i8 => "i8", i16 => "i16", i32 => "i32", i64 => "i64", i128 => "i128", isize => "i64",
    NonZeroU8 => "u8", NonZeroU16 => "u16", NonZeroU32 => "u32", NonZeroU64 => "u64",
    NonZeroU128 => "u128", NonZeroUsize => "u64",
    NonZeroI8 => "i8", NonZeroI16 => "i16", NonZeroI32 => "i32", NonZeroI64 => "i64",
    NonZeroI128 => "i128", NonZeroIsize => "i64",
    str => "string", String => "string", uuid::Uuid => "uuid", serde_json::Value => "any",
    Position => "u64", Timestamp => "i64", IdempotencyKey => "string",
    IpAddr => "string", Ipv4Addr => "string", Ipv6Addr => "string",
    SocketAddr => "string", SocketAddrV4 => "string", SocketAddrV6 => "string",
    Path => "string", PathBuf => "string",
}

/// serde writes it as nothing.
impl<T: ?Sized> Schema for PhantomData<T> {
    const SHAPE: &'static Shape = &Shape::Scalar("null");
}

macro_rules! same {
    ($($ty:ty),+ $(,)?) => {
        $(impl<T: Schema + ?Sized> Schema for $ty {
            const SHAPE: &'static Shape = T::SHAPE;
        })+
    };
}

same!(&T, Box<T>, Rc<T>, Arc<T>, Cell<T>, RefCell<T>, Mutex<T>, RwLock<T>);

macro_rules! wrappers {
    ($($ty:ty),+ $(,)?) => {
        $(impl<T: Schema> Schema for $ty {
            const SHAPE: &'static Shape = T::SHAPE;
        })+
    };
}

wrappers!(Wrapping<T>, Saturating<T>, Reverse<T>);

impl<T: Schema + ToOwned + ?Sized> Schema for Cow<'_, T> {
    const SHAPE: &'static Shape = T::SHAPE;
}

impl<T: Schema> Schema for Option<T> {
    const SHAPE: &'static Shape = &Shape::Optional(T::SHAPE);
}

macro_rules! lists {
    ($($ty:ty),+ $(,)?) => {
        $(impl<T: Schema> Schema for $ty {
            const SHAPE: &'static Shape = &Shape::List(T::SHAPE);
        })+
    };
}

lists!([T], Vec<T>, VecDeque<T>, LinkedList<T>, BinaryHeap<T>, BTreeSet<T>);

impl<T: Schema, S> Schema for HashSet<T, S> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);
}

impl<K: Schema, V: Schema> Schema for BTreeMap<K, V> {
    const SHAPE: &'static Shape = &Shape::Map(K::SHAPE, V::SHAPE);
}

impl<K: Schema, V: Schema, S> Schema for HashMap<K, V, S> {
    const SHAPE: &'static Shape = &Shape::Map(K::SHAPE, V::SHAPE);
}

/// serde writes an array as a tuple, so its length is part of its shape.
impl<T: Schema, const N: usize> Schema for [T; N] {
    const SHAPE: &'static Shape = &Shape::Tuple(&[T::SHAPE; N]);
}

macro_rules! tuples {
    ($($($t:ident)+;)+) => {
        $(impl<$($t: Schema),+> Schema for ($($t,)+) {
            const SHAPE: &'static Shape = &Shape::Tuple(&[$($t::SHAPE),+]);
        })+
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}

const fn required(name: &'static str, shape: &'static Shape) -> Field {
    Field { name, shape, optional: false }
}

const fn absent(name: &'static str, shape: &'static Shape) -> Field {
    Field { name, shape, optional: true }
}

/// As serde writes it: seconds and the nanoseconds beyond.
impl Schema for Duration {
    const SHAPE: &'static Shape =
        &Shape::Struct(const { &[required("secs", u64::SHAPE), required("nanos", u32::SHAPE)] });
}

/// As serde writes it: seconds since 1970 and the nanoseconds beyond.
impl Schema for SystemTime {
    const SHAPE: &'static Shape = &Shape::Struct(
        const { &[required("secs_since_epoch", u64::SHAPE), required("nanos_since_epoch", u32::SHAPE)] },
    );
}

/// As serde writes it: `{"start":1,"end":2}`.
impl<T: Schema> Schema for Range<T> {
    const SHAPE: &'static Shape =
        &Shape::Struct(const { &[required("start", T::SHAPE), required("end", T::SHAPE)] });
}

/// As serde writes it: `{"start":1,"end":2}`.
impl<T: Schema> Schema for RangeInclusive<T> {
    const SHAPE: &'static Shape = <Range<T>>::SHAPE;
}

/// As serde writes it: `{"Ok":1}` or `{"Err":2}`.
impl<T: Schema, E: Schema> Schema for Result<T, E> {
    const SHAPE: &'static Shape = &Shape::Enum(
        const { &[Variant { name: "Ok", shape: T::SHAPE }, Variant { name: "Err", shape: E::SHAPE }] },
    );
}

impl Schema for Receipt {
    const SHAPE: &'static Shape = &Shape::Struct(
        const {
            &[
                required("version", u64::SHAPE),
                required("position", Position::SHAPE),
                required("events", usize::SHAPE),
            ]
        },
    );
}

impl Schema for Meta {
    const SHAPE: &'static Shape = &Shape::Struct(
        const {
            &[
                absent("actor", <Option<String>>::SHAPE),
                absent("tenant", <Option<String>>::SHAPE),
                absent("correlation", <Option<String>>::SHAPE),
                absent("causation", <Option<String>>::SHAPE),
                absent("traceparent", <Option<String>>::SHAPE),
                absent("tracestate", <Option<String>>::SHAPE),
                absent("values", <BTreeMap<String, String>>::SHAPE),
            ]
        },
    );
}
