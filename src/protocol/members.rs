//! Reading the members of a client's message without touching their values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ids::RequestId;
use super::rejection::{RejectCode, Rejection};
use super::{MAX_NESTING, nesting, object};

const KNOWN: [&str; 11] =
    ["action", "prompt", "input", "upload", "sessionId", "requestId", "agent", "parameters", "after", "bytes", "data"];

/// What is read, for the sentences that refuse it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// A message of a client.
    Message,
    /// What was uploaded.
    Upload,
}

impl fmt::Display for Of {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Message => "The message",
            Self::Upload => "The upload",
        })
    }
}

/// The known members of one JSON object, each as the text that came.
pub(super) struct Members<'a> {
    values: [Option<&'a RawValue>; KNOWN.len()],
    repeated: Option<&'static str>,
    /// The first member that is not known.
    unknown: Option<String>,
}

impl<'a> Members<'a> {
    pub(super) fn read(text: &'a str, of: Of) -> Result<Self, Rejection> {
        let value: &RawValue = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            invalid_json(format!("{of} is not valid JSON (line {line}, column {column})."))
        })?;
        if !value.get().starts_with('{') {
            return Err(match nesting(value.get()) {
                0..=MAX_NESTING => invalid(format!("{of} must be a JSON object.")),
                _ => too_deep(of),
            });
        }
        // What is left to fail is a key that no string can hold, such as "\ud800".
        let members: Self = serde_json::from_str(text)
            .map_err(|_| invalid_json(format!("{of} has a member name that is not valid Unicode.")))?;
        if nesting(value.get()) > MAX_NESTING {
            return Err(too_deep(of).of(members.request_id().ok().flatten()));
        }
        Ok(members)
    }

    /// The first member that is none of `names`.
    pub(super) fn other_than(&self, names: &[&str]) -> Option<&str> {
        let known = KNOWN.iter().zip(&self.values).find(|(name, value)| value.is_some() && !names.contains(name));
        known.map(|(name, _)| *name).or(self.unknown.as_deref())
    }

    pub(super) fn get(&self, name: &'static str) -> Option<&'a RawValue> {
        KNOWN.iter().position(|known| *known == name).and_then(|at| self.values[at])
    }

    /// The member as a string; `None` when absent.
    pub(super) fn string(&self, name: &'static str) -> Result<Option<String>, Rejection> {
        self.text(name).map(|text| text.map(Cow::into_owned))
    }

    /// The same, not copied if nothing in it is escaped: it may have 20 MB.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Rejection> {
        let Some(value) = self.get(name) else { return Ok(None) };
        if !value.get().starts_with('"') {
            return Err(invalid(format!("\"{name}\" must be a string.")));
        }
        let text = object::string(value);
        text.map(Some).ok_or_else(|| invalid_json(format!("\"{name}\" holds a string that is not valid Unicode.")))
    }

    /// The member as an object, as it came; `None` when absent.
    pub(super) fn object(&self, name: &'static str) -> Result<Option<&'a RawValue>, Rejection> {
        match self.get(name) {
            Some(value) if value.get().starts_with('{') => Ok(Some(value)),
            Some(_) => Err(invalid(format!("\"{name}\" must be an object."))),
            None => Ok(None),
        }
    }

    /// The member as a whole number; `None` when absent.
    pub(super) fn whole_number(&self, name: &'static str) -> Result<Option<u64>, Rejection> {
        let Some(value) = self.get(name) else { return Ok(None) };
        if let Ok(number) = serde_json::from_str::<u64>(value.get()) {
            return Ok(Some(number));
        }
        let wrong = || invalid(format!("\"{name}\" must be a whole number of at least 0."));
        // `3.0` and `1e3` are whole numbers too, and one beyond 64 bits is beyond the end of any reply.
        match value.get().parse::<f64>() {
            Ok(f64::INFINITY) => Err(invalid_json(format!("\"{name}\" holds a number beyond what parsers hold."))),
            Ok(number) if number >= 0.0 && number.fract() == 0.0 => Ok(Some(saturating(number))),
            _ => Err(wrong()),
        }
    }

    /// The request id, read before all other rules so that a refusal can name it.
    pub(super) fn request_id(&self) -> Result<Option<RequestId>, Rejection> {
        self.string("requestId")?
            .map(|text| RequestId::parse(text).map_err(|error| invalid(format!("\"requestId\" {error}."))))
            .transpose()
    }

    pub(super) fn refuse_repeated(&self) -> Result<(), Rejection> {
        match self.repeated {
            Some(name) => Err(invalid(format!("\"{name}\" must be given only once."))),
            None => Ok(()),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the caller checked the sign; casts saturate"
)]
fn saturating(number: f64) -> u64 {
    number as u64
}

pub(super) fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(RejectCode::InvalidRequest, message)
}

fn too_deep(of: Of) -> Rejection {
    invalid_json(format!("{of} nests deeper than {MAX_NESTING} levels."))
}

fn invalid_json(message: impl Into<String>) -> Rejection {
    Rejection::new(RejectCode::InvalidJson, message)
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Members { values: [None; KNOWN.len()], repeated: None, unknown: None };
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    let Some(at) = KNOWN.iter().position(|known| *known == name) else {
                        members.unknown.get_or_insert(name);
                        continue;
                    };
                    if members.values[at].replace(value).is_some() {
                        members.repeated = Some(KNOWN[at]);
                    }
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
