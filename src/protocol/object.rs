//! The members of a JSON object, each value as the text that came.
//!
//! Names are bytes here, for one such as `"\ud800"` is no Unicode, and may stand where nobody looks at it. What cannot be
//! read has no members.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members `names` of the JSON text `object`; of several that are called the same, the last.
pub(crate) fn members<'a, const N: usize>(object: &'a str, names: [&str; N]) -> [Option<&'a RawValue>; N] {
    let mut values = [None; N];
    let at = |name: &[u8]| names.iter().position(|known| known.as_bytes() == name);
    read(object, Members { at, take: |at: usize, value| values[at] = Some(value) });
    values
}

/// The member `name` of the JSON text `object`.
pub(super) fn member<'a>(object: &'a str, name: &str) -> Option<&'a RawValue> {
    let [value] = members(object, [name]);
    value
}

/// Whether all members of the JSON text `object` have names that `is_one`.
pub(super) fn all_names(object: &str, is_one: impl Fn(&[u8]) -> bool) -> bool {
    let mut all = true;
    let at = |name: &[u8]| {
        all &= is_one(name);
        None
    };
    read(object, Members { at, take: |_, _| {} });
    all
}

/// How many members the JSON text `object` has.
pub(super) fn count_members(object: &str) -> usize {
    let mut count = 0;
    let at = |_: &[u8]| {
        count += 1;
        None
    };
    read(object, Members { at, take: |_, _| {} });
    count
}

/// The text of a JSON string; `None` for another value, or a string that is no Unicode.
pub(super) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    let inside = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') {
        return serde_json::from_str(value.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inside))
}

fn read<'a, P: FnMut(&[u8]) -> Option<usize>, T: FnMut(usize, &'a RawValue)>(object: &'a str, members: Members<P, T>) {
    if object.starts_with('{') {
        let _ = serde_json::Deserializer::from_str(object).deserialize_map(members);
    }
}

/// Takes those members that have a place.
struct Members<P, T> {
    at: P,
    take: T,
}

impl<'de, P: FnMut(&[u8]) -> Option<usize>, T: FnMut(usize, &'de RawValue)> Visitor<'de> for Members<P, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            match (self.at)(&name) {
                Some(at) => (self.take)(at, map.next_value()?),
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }
}

struct Name<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Name<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a member's name")
            }

            fn visit_borrowed_bytes<E: Error>(self, name: &'de [u8]) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_vec())))
            }
        }
        deserializer.deserialize_bytes(Reader)
    }
}
