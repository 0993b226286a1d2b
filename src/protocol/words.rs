//! An agent's own words about its failure, as `failed.message` may hold them.

use serde_json::value::RawValue;

use super::object::string;

/// The longest text of an agent that is passed on, in characters.
const MAX_CHARS: usize = 500;

/// What stands in the place of an ARN or an account id.
const MASK: &str = "***";

/// How many digits an AWS account id has.
const ACCOUNT_DIGITS: usize = 12;

/// What is said where the agent has no words.
pub(crate) const NO_WORDS: &str = "The agent reported an error.";

/// The words in the JSON value that an agent gave as its reason.
#[must_use]
pub(crate) fn words_of(value: &RawValue) -> String {
    match string(value).as_deref().unwrap_or(value.get()) {
        "" | "null" => NO_WORDS.to_owned(),
        text => words(text),
    }
}

/// `text` without the ARNs and account ids in it, cut to what may be passed on.
#[must_use]
pub(crate) fn words(text: &str) -> String {
    let mut words = String::new();
    let (mut rest, mut room) = (text, MAX_CHARS);
    while room > 0 && !rest.is_empty() {
        let (shown, taken) = match arn_len(rest) {
            Some(taken) => (MASK, taken),
            None => match digits(rest) {
                ACCOUNT_DIGITS => (MASK, ACCOUNT_DIGITS),
                0 => next_char(rest),
                taken => (&rest[..taken], taken),
            },
        };
        words.extend(shown.chars().take(room));
        room = room.saturating_sub(shown.chars().count());
        rest = &rest[taken..];
    }
    words
}

fn next_char(text: &str) -> (&str, usize) {
    let len = text.chars().next().map_or(0, char::len_utf8);
    (&text[..len], len)
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The length of the ARN that `text` begins with; in URLs its colons are percent-encoded.
fn arn_len(text: &str) -> Option<usize> {
    let colon = |text: &'_ str| [":", "%3A", "%3a"].into_iter().find(|colon| text.starts_with(colon)).map(str::len);
    let is_arn = text.as_bytes().get(..3)?.eq_ignore_ascii_case(b"arn");
    let partition = is_arn.then_some(3)? + colon(&text[3..])?;
    if !text.as_bytes().get(partition..partition + 3)?.eq_ignore_ascii_case(b"aws") {
        return None;
    }
    let in_partition = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let service = partition + text[partition..].bytes().take_while(in_partition).count();
    let rest = service + colon(&text[service..])?;
    Some(rest + text[rest..].find(ends_arn).unwrap_or(text.len() - rest))
}

/// What ends an ARN in a sentence, in a list and in JSON. None of it stands before the name of the resource.
fn ends_arn(character: char) -> bool {
    character.is_whitespace() || "\"'`<>()[]{},;|".contains(character)
}
