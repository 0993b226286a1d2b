//! The members of a JSON object, each value as the text that came.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Shows `visit` each member of the JSON text `object`, if it is an object: its name, unescaped, and its value. Names are
/// bytes, for one such as `"\ud800"` is no Unicode, and may stand where nobody looks at it.
pub(super) fn for_each_member<'a>(object: &'a str, visit: impl FnMut(&[u8], &'a RawValue)) {
    if object.starts_with('{') {
        // What cannot be read has no members with a meaning either.
        let _ = serde_json::Deserializer::from_str(object).deserialize_map(Members(visit));
    }
}

/// The member `name` of the JSON text `object`; the last one, if there are several.
pub(super) fn member<'a>(object: &'a str, name: &str) -> Option<&'a RawValue> {
    let mut found = None;
    for_each_member(object, |other, value| {
        if other == name.as_bytes() {
            found = Some(value);
        }
    });
    found
}

/// The text of a JSON string; `None` for another value, or a string that is no Unicode.
pub(super) fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    match serde_json::from_str::<&str>(value.get()) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => serde_json::from_str::<String>(value.get()).ok().map(Cow::Owned),
    }
}

struct Members<F>(F);

impl<'de, F: FnMut(&[u8], &'de RawValue)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            (self.0)(&name, map.next_value()?);
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
