//! `upload`: say where a prompt can be uploaded.

use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use tracing::warn;

use super::ConnectionsHandler;
use crate::clock::millis;
use crate::metrics;
use crate::protocol::answer::Answer;
use crate::protocol::ids::UploadId;
use crate::protocol::message::UploadWish;
use crate::protocol::rejection::{RejectCode, Rejection};
use crate::uploads::{OFFERED_FOR, OfferError, UploadKey};

impl ConnectionsHandler {
    /// Offers whoever has the connection an address for one upload of their own.
    pub(super) async fn offer(
        &self,
        event: &ApiGatewayWebsocketProxyRequest,
        UploadWish { bytes, request }: UploadWish,
    ) -> Result<Answer, Rejection> {
        let refused = |code, message: String| Rejection::new(code, message).of(request.clone());
        let Some(room) = &self.uploads else {
            let message = "\"action\" must not be upload: this gateway takes no uploads.";
            return Err(refused(RejectCode::InvalidRequest, message.to_owned()));
        };
        if bytes > room.max_bytes {
            let message = format!("\"bytes\" must be at most {}.", room.max_bytes);
            return Err(refused(RejectCode::TooLarge, message));
        }
        let principal = self.identity.of(event, self.clock.now()).await;
        let principal = principal.map_err(|rejection| rejection.of(request.clone()))?;
        let upload = UploadId::new(self.random.bits());
        let key = UploadKey { principal, upload };
        let offered = room.store.offer(&key, bytes).await;
        let url = offered.map_err(|error| refused(RejectCode::Unavailable, told(&error)))?;
        metrics::UPLOADS.count(&["offered"]);
        Ok(Answer::Upload { upload_id: key.upload, url, expires_in_ms: millis(OFFERED_FOR) })
    }
}

/// What the client is told, and the log.
fn told(error: &OfferError) -> String {
    warn!(%error, "no upload was offered");
    match error {
        OfferError::Full => "There is no room for more uploads; ask again later.",
        OfferError::Unavailable(_) => "No address for an upload could be made; ask again.",
    }
    .to_owned()
}
