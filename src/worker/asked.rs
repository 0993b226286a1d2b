//! What the agent is to be given, had before the prompt is claimed: an upload that is out of reach comes again, and costs no
//! run.

use tracing::info;

use super::Tools;
use crate::metrics;
use crate::protocol::frame::{Failure, FailureCode};
use crate::protocol::ids::{ReplyRun, UploadId};
use crate::protocol::invocation::{PromptBody, PromptContent};
use crate::protocol::reply::{GatewayReply, ReplyToken};
use crate::protocol::upload;
use crate::queue::payload::QueuedPrompt;
use crate::session::store::StoreError;
use crate::uploads::{FetchError, UploadKey};

/// What the agent is to be given.
#[derive(Clone)]
pub(super) struct Asked {
    /// The body; or why the agent cannot be called.
    pub(super) body: Result<PromptBody, Failure>,
    /// Where the agent can send to if it goes on by itself.
    pub(super) reply: Option<GatewayReply>,
}

impl Tools {
    /// What `prompt` asks of the agent.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it was uploaded and cannot be reached.
    pub(super) async fn asked(&self, prompt: &QueuedPrompt) -> Result<Asked, StoreError> {
        let body = match &prompt.body {
            PromptContent::Given(body) => Ok(body.clone()),
            PromptContent::Uploaded(upload) => {
                let read = self.uploaded(prompt, upload).await;
                metrics::UPLOADS.count(&[match &read {
                    Ok(Ok(_)) => "read",
                    Ok(Err(_)) => "invalid",
                    Err(_) => "unavailable",
                }]);
                read?
            }
        };
        let reply = body.as_ref().ok().and_then(|body| self.gateway_reply(prompt, body));
        Ok(Asked { body, reply })
    }

    async fn uploaded(
        &self,
        prompt: &QueuedPrompt,
        upload: &UploadId,
    ) -> Result<Result<PromptBody, Failure>, StoreError> {
        let invalid = |message: String| Ok(Err(Failure::lasting(FailureCode::InvalidUpload, message)));
        let Some(room) = &self.uploads else {
            return invalid("\"upload\" must not be given: this gateway takes no uploads.".to_owned());
        };
        let key = UploadKey { principal: prompt.run.session.principal.clone(), upload: upload.clone() };
        match room.store.fetch(&key, room.max_bytes).await {
            Ok(bytes) => match upload::read(bytes) {
                Ok(body) => Ok(Ok(body)),
                Err(rule) => invalid(rule),
            },
            Err(FetchError::Missing) => {
                invalid("\"upload\" must name what you have uploaded within the last day.".to_owned())
            }
            Err(FetchError::TooLarge { limit }) => invalid(format!("The upload must have at most {limit} bytes.")),
            Err(FetchError::Unavailable(error)) => {
                info!(session = prompt.run.session.log_name(), request = %prompt.run.request, error, "an upload is out of reach");
                Err(StoreError::Unavailable("an upload is out of reach".to_owned()))
            }
        }
    }

    /// Where the agent of `prompt` can send to if it goes on by itself.
    fn gateway_reply(&self, prompt: &QueuedPrompt, body: &PromptBody) -> Option<GatewayReply> {
        let long_runs = self.settings.long_runs.as_ref()?;
        if !long_runs.allows(&prompt.agent) || !body.has_place_for_reply() {
            return None;
        }
        Some(GatewayReply {
            queue: long_runs.queue.clone(),
            group: self.random.unique_name(),
            run: ReplyRun::new(self.random.bits()),
            token: ReplyToken::new([self.random.bits(), self.random.bits()]),
        })
    }
}
