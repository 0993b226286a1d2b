//! The body of an answer, decoded.

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;

use super::ReplyError;
use super::client::root_cause;
use super::content_encoding::Decoder;

/// Reads the body of an answer piece by piece.
#[derive(Debug)]
pub(super) struct Body {
    response: Response,
    decoder: Option<Decoder>,
}

impl Body {
    pub(super) fn of(mut response: Response) -> Self {
        let encodings = response.headers().get_all(CONTENT_ENCODING).iter();
        let encodings: Vec<_> = encodings.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let decoder = Decoder::for_encoding(&encodings.join(","));
        // The values are slices of the connection's first read buffer, which would stay for as long as the body.
        response.headers_mut().clear();
        Self { response, decoder }
    }

    pub(super) fn is_encoded(&self) -> bool {
        self.decoder.is_some()
    }

    /// Waits for the next piece, which is bounded, and may be empty; `None`: the body has ended. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ReplyError> {
        let Some(decoder) = &mut self.decoder else { return chunk(&mut self.response).await };
        if decoder.is_idle() {
            match chunk(&mut self.response).await? {
                Some(encoded) => decoder.add(encoded),
                None => return decoder.finish().map(|()| None),
            }
        } else {
            // What a little has been encoded to may take long.
            tokio::task::consume_budget().await;
        }
        decoder.decode().map(|decoded| Some(decoded.into()))
    }
}

async fn chunk(response: &mut Response) -> Result<Option<Bytes>, ReplyError> {
    response.chunk().await.map_err(|error| ReplyError::Broken(root_cause(&error)))
}
