//! Content encodings, undone as they come.

use std::io::Write;

use agentcore_gateway::agent::ReplyError;
use agentcore_gateway::agent::content_encoding::Decoder;
use bytes::Bytes;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::gzip;

const TEXT: &str = "data: {\"text\": \"Grüße aus Köln, Köln, Köln\"}\n\n";

/// `Content-Encoding` values, and what encodes so.
type Encoding = (&'static str, fn(&[u8]) -> Vec<u8>);
const ENCODINGS: [Encoding; 4] =
    [("gzip", |text| gzip(text)), ("X-GZip", |text| gzip(text)), ("deflate", zlib), ("Deflate", raw)];

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn raw(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// What chunks decode to, and the error that ends it.
fn decoded<'a>(encoding: &str, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Option<ReplyError>) {
    let mut decoder = Decoder::for_encoding(encoding).expect("it is an encoding");
    let mut text = Vec::new();
    for chunk in chunks {
        decoder.add(Bytes::copy_from_slice(chunk));
        while !decoder.is_idle() {
            match decoder.decode() {
                Ok(piece) => text.extend(piece),
                Err(error) => return (text, Some(error)),
            }
        }
    }
    let error = decoder.finish().err();
    (text, error)
}

#[track_caller]
fn assert_decoded(encoding: &str, body: &[u8], text: &[u8], error: Option<&ReplyError>) {
    let expected = (text.to_vec(), error.cloned());
    assert_eq!(decoded(encoding, [body]), expected, "whole");
    assert_eq!(decoded(encoding, body.chunks(1)), expected, "byte by byte");
    for at in 0..=body.len() {
        assert_eq!(decoded(encoding, [&body[..at], &body[at..]]), expected, "cut at {at}");
    }
}

#[test]
fn each_encoding_is_undone_however_it_is_cut() {
    for (encoding, encode) in ENCODINGS {
        for text in ["", "x", TEXT] {
            assert_decoded(encoding, &encode(text.as_bytes()), text.as_bytes(), None);
        }
    }
}

#[test]
fn identity_and_an_empty_encoding_are_none() {
    for encoding in ["", "identity", " Identity ", ",", "identity, identity"] {
        assert!(Decoder::for_encoding(encoding).is_none(), "{encoding:?}");
    }
    assert_decoded("identity, gzip,", &gzip(b"x"), b"x", None);
}

#[test]
fn what_is_encoded_and_flushed_is_there_at_once() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut decoder = Decoder::for_encoding("gzip").unwrap();
    for _ in 0..3 {
        encoder.write_all(TEXT.as_bytes()).unwrap();
        encoder.flush().unwrap();
        decoder.add(std::mem::take(encoder.get_mut()).into());
        assert_eq!(decoder.decode(), Ok(TEXT.as_bytes().to_vec()));
        assert!(decoder.is_idle());
    }
    decoder.add(encoder.finish().unwrap().into());
    assert_eq!((decoder.decode(), decoder.finish()), (Ok(Vec::new()), Ok(())));
}

#[test]
fn a_gzip_body_may_have_several_members_and_all_parts_of_a_header() {
    let mut named = GzBuilder::new().filename("reply.json").comment("c").extra(vec![1, 2]).mtime(7);
    named = named.operating_system(3);
    let mut encoder = named.write(Vec::new(), Compression::best());
    encoder.write_all(b"one").unwrap();
    let body = [encoder.finish().unwrap(), gzip(b""), gzip(b"two")].concat();
    assert_decoded("gzip", &body, b"onetwo", None);
}

#[test]
fn what_follows_the_end_says_nothing() {
    for (encoding, encode) in ENCODINGS {
        for rest in [&b"\0\0\0"[..], b"garbage"] {
            assert_decoded(encoding, &[&encode(b"x"), rest].concat(), b"x", None);
        }
    }
}

#[test]
fn a_body_that_ends_too_early_has_broken_off() {
    for (encoding, encode) in ENCODINGS {
        let body = encode(TEXT.as_bytes());
        for end in 1..body.len() {
            let (text, error) = decoded(encoding, [&body[..end]]);
            assert!(matches!(error, Some(ReplyError::Broken(_))), "{encoding}, {end} of {}: {error:?}", body.len());
            assert!(TEXT.as_bytes().starts_with(&text), "what came before it counts");
        }
        assert_eq!(decoded(encoding, [&b""[..]]), (Vec::new(), None), "an empty body is none");
    }
}

#[test]
fn a_body_that_is_not_so_encoded_is_refused_behind_what_it_held() {
    for (encoding, name) in [("gzip", "gzip"), ("x-gzip", "gzip"), ("deflate", "deflate")] {
        let bad = ReplyError::BadEncoding(name);
        for body in [&b"no such model"[..], b"no"] {
            assert_decoded(encoding, body, b"", Some(&bad));
        }
    }
    let mut changed = gzip(TEXT.as_bytes());
    let checksum = changed.len() - 8;
    changed[checksum] ^= 1;
    assert_decoded("gzip", &changed, TEXT.as_bytes(), Some(&ReplyError::BadEncoding("gzip")));
    let mut changed = zlib(TEXT.as_bytes());
    let checksum = changed.len() - 1;
    changed[checksum] ^= 1;
    assert_decoded("deflate", &changed, TEXT.as_bytes(), Some(&ReplyError::BadEncoding("deflate")));
}

#[test]
fn any_other_encoding_is_refused_by_its_name() {
    for encoding in ["br", "zstd", "compress", "aws-chunked", "gzip, gzip", "gzipped"] {
        assert_decoded(encoding, b"x", b"", Some(&ReplyError::UnknownEncoding(encoding.to_owned())));
        assert_eq!(decoded(encoding, []), (Vec::new(), None), "an empty body is none");
    }
    let long = "x".repeat(1000);
    assert_eq!(decoded(&long, [&b"x"[..]]).1, Some(ReplyError::UnknownEncoding("x".repeat(64))));
}

#[test]
fn a_bomb_comes_in_bounded_pieces() {
    for (encoding, encode) in ENCODINGS {
        let mut decoder = Decoder::for_encoding(encoding).unwrap();
        decoder.add(encode(&vec![b'x'; 20 << 20]).into());
        let mut all = 0;
        while !decoder.is_idle() {
            let piece = decoder.decode().unwrap().len();
            assert!(piece <= 1 << 20, "{piece}");
            all += piece;
        }
        assert_eq!(all, 20 << 20);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_decoded_to_the_same_however_they_are_cut(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        damage in proptest::option::of((any::<proptest::sample::Index>(), any::<u8>())),
        at in any::<proptest::sample::Index>(),
        (encoding, encode) in select(ENCODINGS.to_vec()),
        is_encoded in any::<bool>(),
    ) {
        let mut bytes = if is_encoded { encode(&body) } else { body.clone() };
        if let Some((at, byte)) = damage.filter(|_| !bytes.is_empty()) {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        } else if is_encoded {
            prop_assert_eq!(decoded(encoding, [bytes.as_slice()]), (body, None));
        }
        let whole = decoded(encoding, [bytes.as_slice()]);
        let at = at.index(bytes.len() + 1);
        prop_assert_eq!(decoded(encoding, [&bytes[..at], &bytes[at..]]), whole.clone());
        prop_assert_eq!(decoded(encoding, bytes.chunks(1)), whole);
    }
}
