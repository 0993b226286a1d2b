//! Reading what is uploaded, as it comes.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::StatusCode;
use tokio::time::timeout;

use super::refusal::Refusal;

/// How long nothing may come of an upload before it is given up (S3 closes such a connection after about as long).
pub const SILENCE: Duration = Duration::from_secs(20);

/// How long an upload may take in all.
pub const LONGEST: Duration = Duration::from_secs(5 * 60);

/// How much is read, and how long, of what is not taken.
const DISCARDED: usize = 64 * 1024 * 1024;
const DISCARDING: Duration = Duration::from_secs(30);

/// The whole of `body`, of exactly `bytes` bytes: one buffer, made once, and handed over as it is.
///
/// # Errors
/// [`Refusal`]
pub(super) async fn receive(body: Body, bytes: usize) -> Result<Bytes, Refusal> {
    let too_slow = |_| Refusal::new(StatusCode::BAD_REQUEST, "The upload took too long; send it again.");
    let broken = || Refusal::new(StatusCode::BAD_REQUEST, "The upload has another length than it was said to have.");
    let reading = async {
        let mut received = BytesMut::with_capacity(bytes);
        let mut pieces = body.into_data_stream();
        while let Some(piece) = timeout(SILENCE, pieces.next()).await.map_err(too_slow)? {
            let piece = piece.map_err(|_| broken())?;
            if piece.len() > bytes - received.len() {
                return Err(broken());
            }
            received.extend_from_slice(&piece);
        }
        if received.len() == bytes { Ok(received.freeze()) } else { Err(broken()) }
    };
    timeout(LONGEST, reading).await.map_err(too_slow)?
}

/// Reads what comes, for a while, and forgets it.
pub(super) async fn discard(body: Body) {
    let reading = async {
        let (mut pieces, mut read) = (body.into_data_stream(), 0);
        while let Some(Ok(piece)) = pieces.next().await {
            read += piece.len();
            if read > DISCARDED {
                return;
            }
        }
    };
    let _ = timeout(DISCARDING, reading).await;
}
