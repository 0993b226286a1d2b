//! The parameters in an address, as API Gateway decodes them.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

/// A parameter that means no text, or none that is certain: what is left out or replaced, two texts would share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} in the address must be percent-encoded UTF-8")]
pub(super) struct Undecodable(String);

/// The values of each parameter in `query`, in their order (`application/x-www-form-urlencoded`).
///
/// # Errors
/// [`Undecodable`], which names the parameter and not its value: that may be a token.
pub(super) fn parameters(query: &str) -> Result<HashMap<String, Vec<String>>, Undecodable> {
    let mut parameters: HashMap<String, Vec<String>> = HashMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = decode(name).zip(decode(value));
        let (name, value) = decoded.ok_or_else(|| Undecodable(name.to_owned()))?;
        parameters.entry(name).or_default().push(value);
    }
    Ok(parameters)
}

fn decode(text: &str) -> Option<String> {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let mut escapes = text.split('%').skip(1).map(str::as_bytes);
    if !escapes.all(|escape| is_hex(escape.first()) && is_hex(escape.get(1))) {
        return None;
    }
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}
