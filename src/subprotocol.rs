//! The WebSocket subprotocols that a client offers (RFC 6455, section 11.3.4).
//!
//! A browser's page can set no header but this one, so it sends its token here: as the second value of a list whose
//! first is the word `bearer`.

use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;

/// The one subprotocol there is.
const BEARER: &str = "bearer";

/// An offer of the subprotocol `bearer`. It holds a token, so it cannot be printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bearer<'a> {
    /// The word `bearer` in the client's own case. The answer repeats it so, for clients compare it letter by letter.
    pub word: &'a str,
    /// The token, which is never sent back.
    pub token: &'a str,
}

/// An offer out of which the gateway can choose nothing. A browser would close the connection without a reason if it
/// got none of what it offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"Sec-WebSocket-Protocol\" must be \"bearer\" and a token, as in new WebSocket(url, [\"bearer\", token]), or be left \
     out: there is no other subprotocol"
)]
pub struct WrongSubprotocols;

impl<'a> Bearer<'a> {
    /// What `headers` offer; `None`: nothing. The header may come in several lines, which are one list, and empty places
    /// in a list do not count (RFC 9110, section 5.6.1). What stands behind the token is passed over.
    ///
    /// # Errors
    /// [`WrongSubprotocols`]
    pub fn offered_in(headers: &'a HeaderMap) -> Result<Option<Self>, WrongSubprotocols> {
        let mut offered = Vec::new();
        for line in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
            let line = line.to_str().map_err(|_| WrongSubprotocols)?;
            offered.extend(line.split(',').map(str::trim).filter(|place| !place.is_empty()));
        }
        match offered[..] {
            [] => Ok(None),
            [word, token, ..] if word.eq_ignore_ascii_case(BEARER) => Ok(Some(Self { word, token })),
            _ => Err(WrongSubprotocols),
        }
    }
}
