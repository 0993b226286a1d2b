//! Undoing a body's content encoding (RFC 9110, section 8.4.1) as it comes: nobody asks an agent for one, and what stands
//! before an agent adds one all the same.

use std::io::{self, ErrorKind, Write};

use bytes::{Buf, Bytes};
use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};

use super::ReplyError;

/// So much is decoded at once, and what another [`STEP`] decodes to: at most a thousand times its size (RFC 1951).
const PIECE: usize = 64 * 1024;
const STEP: usize = 512;

/// What each member of a gzip body begins with (RFC 1952, section 2.3.1).
const GZIP_MARK: [u8; 2] = [0x1f, 0x8b];

/// The longest name of an encoding that is repeated to a client, in characters.
const MAX_NAME_CHARS: usize = 64;

/// Decodes a body.
#[derive(Debug)]
pub struct Decoder {
    coding: Coding,
    /// What has come and is not decoded yet.
    encoded: Bytes,
    has_begun: bool,
    /// What was found behind bytes that are given out first.
    error: Option<ReplyError>,
}

#[derive(Debug)]
enum Coding {
    /// A member of a gzip body, and what is still to come of its mark.
    Gzip(GzDecoder<Vec<u8>>, &'static [u8]),
    /// "deflate" that has not shown its first two bytes yet: the first one, if it has come.
    Deflate(Option<u8>),
    /// "deflate" as it was meant.
    Zlib(ZlibDecoder<Vec<u8>>),
    /// "deflate" as some send it.
    Raw(DeflateDecoder<Vec<u8>>),
    /// What follows the end, and says nothing.
    Ended,
    /// One that is not decoded here.
    Unknown(String),
}

impl Decoder {
    /// The decoder for what `Content-Encoding` says; `None`: the body is not encoded.
    #[must_use]
    pub fn for_encoding(content_encoding: &str) -> Option<Self> {
        let names = content_encoding.split(',').map(|name| name.trim().to_ascii_lowercase());
        let names: Vec<String> = names.filter(|name| !matches!(name.as_str(), "" | "identity")).collect();
        let coding = match names.join(", ").as_str() {
            "" => return None,
            "gzip" | "x-gzip" => Coding::gzip(),
            "deflate" => Coding::Deflate(None),
            other => Coding::Unknown(other.chars().take(MAX_NAME_CHARS).collect()),
        };
        Some(Self { coding, encoded: Bytes::new(), has_begun: false, error: None })
    }

    /// Whether all that has come is decoded.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.encoded.is_empty() && self.error.is_none()
    }

    /// Adds what has come next, when the decoder is [idle](Self::is_idle).
    pub fn add(&mut self, encoded: Bytes) {
        self.has_begun |= !encoded.is_empty();
        self.encoded = encoded;
    }

    /// The next bytes of the body: a bounded piece, maybe none.
    ///
    /// # Errors
    /// [`ReplyError::UnknownEncoding`], [`ReplyError::BadEncoding`]
    pub fn decode(&mut self) -> Result<Vec<u8>, ReplyError> {
        let mut decoded = Vec::new();
        while self.error.is_none() && decoded.len() < PIECE && !self.encoded.is_empty() {
            let step = self.encoded.split_to(STEP.min(self.encoded.len()));
            self.error = self.coding.write(&step, &mut decoded).err();
        }
        match &self.error {
            Some(error) if decoded.is_empty() => Err(error.clone()),
            _ => Ok(decoded),
        }
    }

    /// The encoded body has ended.
    ///
    /// # Errors
    /// [`ReplyError::Broken`] if it should not have, [`ReplyError::BadEncoding`] if what it holds was changed on the way.
    pub fn finish(&mut self) -> Result<(), ReplyError> {
        if self.has_begun { self.coding.finish() } else { Ok(()) }
    }
}

impl Coding {
    fn gzip() -> Self {
        Self::Gzip(GzDecoder::new(Vec::new()), &GZIP_MARK)
    }

    fn write(&mut self, encoded: &[u8], decoded: &mut Vec<u8>) -> Result<(), ReplyError> {
        let mut rest = encoded;
        while rest.has_remaining() {
            let taken = self.write_some(rest, decoded)?;
            rest.advance(taken);
        }
        Ok(())
    }

    /// Decodes of `encoded` what it can at once; how much of it that was.
    fn write_some(&mut self, encoded: &[u8], decoded: &mut Vec<u8>) -> Result<usize, ReplyError> {
        let written = match self {
            Self::Gzip(decoder, mark) => {
                // The decoder would wait for a whole header, which a short body that is no gzip never is.
                let (seen, rest) = mark.split_at(mark.len().min(encoded.len()));
                *mark = rest;
                if encoded.starts_with(seen) {
                    write(decoder, GzDecoder::get_mut, encoded, decoded)
                } else {
                    Err(ErrorKind::InvalidInput.into())
                }
            }
            Self::Zlib(decoder) => write(decoder, ZlibDecoder::get_mut, encoded, decoded),
            Self::Raw(decoder) => write(decoder, DeflateDecoder::get_mut, encoded, decoded),
            Self::Deflate(first) => match *first {
                None => {
                    *first = encoded.first().copied();
                    return Ok(1);
                }
                Some(first) => {
                    *self = Self::of_deflate([first, encoded[0]]);
                    self.write(&[first], decoded)?;
                    return Ok(0);
                }
            },
            Self::Ended => return Ok(encoded.len()),
            Self::Unknown(name) => return Err(ReplyError::UnknownEncoding(name.clone())),
        };
        match written {
            Ok(0) => {
                self.end_member(encoded[0])?;
                Ok(0)
            }
            Ok(taken) => Ok(taken),
            Err(_) => Err(self.bad()),
        }
    }

    /// Zlib's header (RFC 1950, section 2.2) is no beginning of raw deflate that anybody sends: it would be a stored
    /// block with padding that is not zero.
    fn of_deflate(first: [u8; 2]) -> Self {
        let is_zlib = first[0] & 0x8f == 0x08 && u16::from_be_bytes(first).is_multiple_of(31);
        if is_zlib { Self::Zlib(ZlibDecoder::new(Vec::new())) } else { Self::Raw(DeflateDecoder::new(Vec::new())) }
    }

    /// The body has come to an end of its own, and goes on with `next`.
    fn end_member(&mut self, next: u8) -> Result<(), ReplyError> {
        self.finish()?;
        *self = match self {
            Self::Gzip(..) if next == GZIP_MARK[0] => Self::gzip(),
            _ => Self::Ended,
        };
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ReplyError> {
        let finished = match self {
            Self::Gzip(decoder, _) => {
                if is_whole(decoder) {
                    decoder.try_finish()
                } else {
                    Err(cut_off())
                }
            }
            Self::Zlib(decoder) => decoder.try_finish(),
            Self::Raw(decoder) => decoder.try_finish(),
            Self::Deflate(_) => Err(cut_off()),
            Self::Ended => Ok(()),
            Self::Unknown(name) => return Err(ReplyError::UnknownEncoding(name.clone())),
        };
        finished.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => ReplyError::Broken(error.to_string()),
            _ => self.bad(),
        })
    }

    fn bad(&self) -> ReplyError {
        ReplyError::BadEncoding(if matches!(self, Self::Gzip(..)) { "gzip" } else { "deflate" })
    }
}

/// Writes of `encoded` what `decoder` takes, and moves what it makes of that to `decoded`.
fn write<D: Write>(
    decoder: &mut D,
    output: impl FnOnce(&mut D) -> &mut Vec<u8>,
    encoded: &[u8],
    decoded: &mut Vec<u8>,
) -> io::Result<usize> {
    let taken = decoder.write(encoded);
    // What was decoded before an error was found counts.
    let flushed = decoder.flush();
    decoded.append(output(decoder));
    let taken = taken?;
    flushed?;
    Ok(taken)
}

/// Whether `decoder` has the whole of a member: then it takes nothing more.
fn is_whole(decoder: &mut GzDecoder<Vec<u8>>) -> bool {
    matches!(decoder.write(&[0]), Ok(0))
}

fn cut_off() -> io::Error {
    ErrorKind::UnexpectedEof.into()
}
