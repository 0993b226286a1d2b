//! The issuer's JSON Web Key Set (RFC 7517): which of its keys are of use, and which one a token means.

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

use super::Refusal;

/// RFC 7518, 3.3: a smaller RSA key must not be used.
const MIN_RSA_BITS: usize = 2048;

/// Uncompressed points: a mark and two coordinates (RFC 7518, 6.2.1).
const P256_POINT_BYTES: usize = 65;
const P384_POINT_BYTES: usize = 97;

/// RFC 8032, 5.1.5.
const ED25519_KEY_BYTES: usize = 32;

/// A key, and the algorithms whose signatures it verifies.
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// The keys of use of an issuer.
#[derive(Default)]
pub(super) struct KeySet(Vec<Arc<Key>>);

impl KeySet {
    /// Reads a document. What is no key for one of our algorithms is passed over: an issuer may have others besides.
    ///
    /// # Errors
    /// If it is no key set, or none of its keys is of use.
    pub(super) fn parse(document: &[u8]) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let Document { keys } = serde_json::from_slice(document).map_err(|_| "it is no JSON Web Key Set")?;
        let keys: Vec<_> = keys.into_iter().filter_map(|key| usable(serde_json::from_value(key).ok()?)).collect();
        if keys.is_empty() { Err("none of its keys is of use") } else { Ok(Self(keys)) }
    }

    /// Whether there is a key that a token with this `kid` may mean.
    pub(super) fn knows(&self, kid: Option<&str>) -> bool {
        self.candidates(kid).next().is_some()
    }

    /// The key that a token with this `kid` means. A token without one means the only key there is.
    ///
    /// RFC 7517, 4.5: keys of different kinds may have the same id.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Arc<Key>, Refusal> {
        if kid.is_none() && self.0.len() > 1 {
            return Err(Refusal::UnknownKey);
        }
        if !self.knows(kid) {
            return Err(Refusal::UnknownKey);
        }
        let key = self.candidates(kid).find(|key| key.algorithms.contains(&algorithm));
        key.map(Arc::clone).ok_or(Refusal::WrongAlgorithm)
    }

    fn candidates(&self, kid: Option<&str>) -> impl Iterator<Item = &Arc<Key>> {
        self.0.iter().filter(move |key| kid.is_none() || key.id.as_deref() == kid)
    }
}

fn usable(jwk: Jwk) -> Option<Arc<Key>> {
    if !is_for_signatures(&jwk) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    let algorithms = algorithms_of(&jwk, &decoding);
    if algorithms.is_empty() {
        return None;
    }
    Some(Arc::new(Key { id: jwk.common.key_id, algorithms, decoding }))
}

/// RFC 7517, 4.2 and 4.3: what a key says it is for.
fn is_for_signatures(jwk: &Jwk) -> bool {
    let purpose = jwk.common.public_key_use.as_ref();
    let operations = jwk.common.key_operations.as_ref();
    purpose.is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// The algorithms that a key is for: the one that its `alg` names, if that is of its kind; else all of its kind. For RSA
/// those are six, which differ in padding and hash: issuers such as Microsoft Entra ID do not say which.
fn algorithms_of(jwk: &Jwk, decoding: &DecodingKey) -> Vec<Algorithm> {
    let of_its_kind = kind_of(jwk, decoding).into_iter().flatten().copied();
    let stated = jwk.common.key_algorithm;
    of_its_kind.filter(|algorithm| stated.is_none_or(|stated| stated == KeyAlgorithm::from(*algorithm))).collect()
}

/// The algorithms of a key's kind; none for one that is weak, or has not the form of its kind.
fn kind_of(jwk: &Jwk, decoding: &DecodingKey) -> Option<&'static [Algorithm]> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match (&jwk.algorithm, decoding.kind()) {
        (AlgorithmParameters::RSA(_), DecodingKeyKind::RsaModulusExponent { n, .. }) => {
            (bits(n) >= MIN_RSA_BITS).then_some(&[RS256, RS384, RS512, PS256, PS384, PS512])
        }
        (AlgorithmParameters::EllipticCurve(point), DecodingKeyKind::SecretOrDer(bytes)) => {
            match (&point.curve, bytes.len()) {
                (EllipticCurve::P256, P256_POINT_BYTES) => Some(&[ES256]),
                (EllipticCurve::P384, P384_POINT_BYTES) => Some(&[ES384]),
                _ => None,
            }
        }
        (AlgorithmParameters::OctetKeyPair(pair), DecodingKeyKind::SecretOrDer(bytes)) => {
            (pair.curve == EllipticCurve::Ed25519 && bytes.len() == ED25519_KEY_BYTES).then_some(&[EdDSA])
        }
        _ => None,
    }
}

/// How many bits a number has that is written with its highest byte first.
fn bits(number: &[u8]) -> usize {
    let significant = number.iter().skip_while(|byte| **byte == 0);
    let leading = significant.clone().next().map_or(0, |byte| byte.leading_zeros() as usize);
    significant.count() * 8 - leading
}
