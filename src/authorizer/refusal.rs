//! Why a token is not good.

use jsonwebtoken::errors::{Error, ErrorKind};

use super::Difference;

/// The rule that a token breaks. It holds nothing of the token, so that it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("no token was given")]
    NoToken,
    /// RFC 6750, 2: a client must not send it in more than one way. Which one would count, others could not know.
    #[error("more than one token was given")]
    SeveralTokens,
    /// Longer than API Gateway lets headers be.
    #[error("the token is too long")]
    TooLong,
    /// Not a signed token as RFC 7515 and 7519 have it, or of an algorithm that does not exist, such as `none`.
    #[error("the token is malformed")]
    Malformed,
    /// Its header has `crit`.
    #[error("the token has a critical extension that is not known here")]
    CriticalExtension,
    /// The issuer has no such key, or the token names none and the issuer has several.
    #[error("the token's key is none of the issuer's")]
    UnknownKey,
    /// The key that it names is for another algorithm.
    #[error("the token's algorithm is not its key's")]
    WrongAlgorithm,
    /// It was changed, or signed by somebody else.
    #[error("the token's signature is wrong")]
    WrongSignature,
    /// Not of the configured issuer.
    #[error("the token's issuer {0}")]
    WrongIssuer(Difference),
    /// Its `aud` names none of the configured audiences.
    #[error("the token is for another audience: its aud is none of the configured audiences")]
    WrongAudience,
    /// It has no `aud`, and its client is none of the configured ones.
    #[error("the token has no aud, and its client (client_id, else azp) is none of the configured clients")]
    WrongClient,
    /// It has no `aud`, and a `token_use` other than `access`.
    #[error("the token has no aud, and its token_use is not access")]
    NoAccessToken,
    /// `exp` is past.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is still to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `sub` is empty, too long, or the name of everybody.
    #[error("the token's subject cannot be a principal")]
    WrongSubject,
    /// Nothing can be said of the token, for the issuer's keys are out of reach.
    #[error("the issuer's keys are not available")]
    NoKeys,
}

/// What `jsonwebtoken` found. Its own text may quote the token, and is dropped.
pub(super) fn of(error: Error) -> Refusal {
    match error.kind() {
        ErrorKind::InvalidSignature => Refusal::WrongSignature,
        ErrorKind::InvalidAlgorithm => Refusal::WrongAlgorithm,
        _ => Refusal::Malformed,
    }
}
