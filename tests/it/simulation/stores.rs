//! A table, a journal and a queue that throttle, take their time, lose the answers to what they did, and are asked twice.
//!
//! Each adapter belongs to one process: it says nothing while that is frozen or dead, and what spanned a freeze fails, or
//! comes late.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Appended, Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Seq};
use agentcore_gateway::protocol::ids::{ConnectionId, Principal, ReplyRun, SessionId};
use agentcore_gateway::queue::payload::QueuedPrompt;
use agentcore_gateway::queue::watch::Watch;
use agentcore_gateway::queue::{Prompts, QueueError, Visibility, Watches};
use agentcore_gateway::session::store::{Connection, Connections, Refused, ReplyRuns, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{LeaseId, ReplayId, RunKey, Session, SessionKey};
use async_trait::async_trait;
use tokio::time::Instant;

use super::fates::Call;
use super::process::Process;
use super::verifier::{Record, who_is};
use super::weather::Weather;

/// What goes wrong around each call that one process makes.
#[derive(Clone)]
pub struct Trouble {
    pub weather: Weather,
    pub process: Process,
    pub record: Record,
}

/// A call of a store, as often as it is made.
type Attempt<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A call that fails, or that its caller gives up on, unless it is answered.
struct Unanswered<'a>(Option<&'a Process>);

impl Unanswered<'_> {
    fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(process) = self.0 {
            process.note_failure();
        }
    }
}

impl Trouble {
    /// A call that changes nothing, or that a client does not repeat by itself.
    pub async fn once<T>(&self, call: impl Future<Output = T>) -> Result<T, StoreError> {
        let unanswered = Unanswered(Some(&self.process));
        let sockets = self.begin().await?;
        let result = call.await;
        self.end(sockets).await?;
        unanswered.answered();
        Ok(result)
    }

    /// A write. A client may lose the answer and write again: it then gets the answer to the second.
    async fn write<'a, T>(&self, call: impl Fn() -> Attempt<'a, T>) -> Result<T, StoreError> {
        let unanswered = Unanswered(Some(&self.process));
        let sockets = self.begin().await?;
        let mut result = call().await;
        if self.weather.repeats() {
            self.weather.travel().await;
            self.process.connected().await;
            result = call().await;
        }
        self.end(sockets).await?;
        unanswered.answered();
        Ok(result)
    }

    async fn begin(&self) -> Result<usize, StoreError> {
        self.process.connected().await;
        let sockets = self.process.sockets();
        self.weather.travel().await;
        self.process.connected().await;
        if self.weather.throttles() { Err(StoreError::Throttled) } else { Ok(sockets) }
    }

    async fn end(&self, sockets: usize) -> Result<(), StoreError> {
        self.weather.travel().await;
        self.process.connected().await;
        if self.process.sockets() != sockets || self.weather.loses_the_answer() {
            return Err(StoreError::Unavailable("the answer was lost".to_owned()));
        }
        Ok(())
    }

    /// Notes a call about `session` until it is dropped.
    fn note(&self, session: &SessionKey) -> Call {
        self.record.fates.call(self.process.id(), session)
    }
}

/// A store with trouble around it.
#[derive(Clone)]
pub struct Troubled<T: ?Sized> {
    pub inner: Arc<T>,
    pub trouble: Trouble,
}

#[async_trait]
impl<T: Sessions + ?Sized> Sessions for Troubled<T> {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Result<Session, StoreError> {
        let call = self.trouble.note(key);
        let loaded = self.trouble.once(self.inner.load(key, now)).await?;
        call.answered(loaded.is_ok());
        loaded
    }

    async fn apply(
        &self,
        key: &SessionKey,
        transition: &Transition,
        now: Timestamp,
    ) -> Result<Result<Session, Refused>, StoreError> {
        let Trouble { process, record, .. } = &self.trouble;
        let began = Instant::now();
        let call = match transition {
            Transition::Renew { .. } => record.fates.renewal(process.id(), key),
            _ => self.trouble.note(key),
        };
        let apply = || -> Attempt<'_, Result<Result<Session, Refused>, StoreError>> {
            Box::pin(async move {
                let applied = self.inner.apply(key, transition, now).await;
                // Of a change that the store itself made twice the second is refused, and the session says what the first did.
                if let Ok(Ok(session) | Err(Refused { session, .. })) = &applied
                    && let Transition::DetachRun { .. } | Transition::Move { .. } = transition
                    && let Some(active) = session.active.as_ref().filter(|active| active.detached.is_some())
                {
                    record.detached.leased(&who_is(key, &active.request), began + active.lease_until.since(now));
                }
                if let Ok(Ok(session)) = &applied {
                    record.owed.session_is(key, session);
                    if let Transition::Claim { request, until, .. } = transition {
                        record.fates.claimed(process.id(), key, request, began + until.since(now));
                    }
                }
                applied
            })
        };
        let applied = self.trouble.write(apply).await?;
        call.answered(applied.is_ok());
        if let (Ok(Ok(_)), Transition::Renew { until, .. }) = (&applied, transition) {
            record.fates.renewed(process.id(), key, began + until.since(now));
        }
        applied
    }
}

#[async_trait]
impl<T: Connections + ?Sized> Connections for Troubled<T> {
    async fn record(
        &self,
        connection: &ConnectionId,
        principal: &Principal,
        session: Option<&SessionId>,
        replay: Option<&ReplayId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.trouble.write(|| self.inner.record(connection, principal, session, replay, now)).await?
    }

    async fn replay(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<ReplayId>, StoreError> {
        self.trouble.once(self.inner.replay(connection, now)).await?
    }

    async fn forget(&self, connection: &ConnectionId, now: Timestamp) -> Result<Option<Connection>, StoreError> {
        self.trouble.write(|| self.inner.forget(connection, now)).await?
    }
}

#[async_trait]
impl<T: Journal + ?Sized> Journal for Troubled<T> {
    async fn append(
        &self,
        run: &RunKey,
        segment: &Segment,
        writer: &LeaseId,
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let Trouble { process, record, .. } = &self.trouble;
        let call = record.fates.append(process.id(), run);
        let append = || -> Attempt<'_, Result<Appended, StoreError>> {
            Box::pin(async move {
                let appended = self.inner.append(run, segment, writer, now).await;
                if appended == Ok(Appended::Written) {
                    record.owed.durable(run, segment);
                }
                appended
            })
        };
        let appended = self.trouble.write(append).await?;
        call.answered(appended.is_ok());
        appended
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        self.trouble.once(self.inner.tail(run, now)).await?
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Result<Vec<Arc<Frame>>, StoreError> {
        let reading = self.trouble.record.fates.reading(run);
        let read = self.trouble.once(self.inner.read(run, after, now)).await;
        drop(reading);
        read?
    }
}

#[async_trait]
impl<T: ReplyRuns + ?Sized> ReplyRuns for Troubled<T> {
    async fn name_run(&self, name: &ReplyRun, run: &RunKey, now: Timestamp) -> Result<(), StoreError> {
        // Without it no agent is called.
        let call = self.trouble.note(&run.session);
        let named = self.trouble.write(|| self.inner.name_run(name, run, now)).await?;
        call.answered(named.is_ok());
        named
    }

    async fn run_of(&self, name: &ReplyRun, now: Timestamp) -> Result<Option<RunKey>, StoreError> {
        self.trouble.once(self.inner.run_of(name, now)).await?
    }
}

#[async_trait]
impl<T: Watches> Watches for Troubled<T> {
    async fn send(&self, watch: &Watch) -> Result<(), QueueError> {
        // Without it no run is left to its agent.
        let call = self.trouble.note(&watch.run.session);
        let sent = self.trouble.write(|| self.inner.send(watch)).await;
        call.answered(matches!(sent, Ok(Ok(()))));
        sent.map_err(|error| QueueError::Unavailable(error.to_string()))?
    }
}

#[async_trait]
impl<T: Visibility> Visibility for Troubled<T> {
    async fn extend(&self, receipt: &str, period: Duration) -> Result<(), QueueError> {
        let extended = self.trouble.write(|| self.inner.extend(receipt, period)).await;
        extended.map_err(|error| QueueError::Unavailable(error.to_string()))?
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.trouble.record.fates.lets_go(receipt);
        let deleted = self.trouble.write(|| self.inner.delete(receipt)).await;
        deleted.map_err(|error| QueueError::Unavailable(error.to_string()))?
    }
}

/// The queue, which also notes the order in which prompts came into it.
#[async_trait]
impl<T: Prompts> Prompts for Troubled<T> {
    async fn send(&self, prompt: &QueuedPrompt) -> Result<(), QueueError> {
        let send = || -> Attempt<'_, Result<(), QueueError>> {
            Box::pin(async {
                self.inner.send(prompt).await?;
                self.trouble.record.queued(prompt);
                Ok(())
            })
        };
        let sent = self.trouble.write(send).await;
        sent.map_err(|error| QueueError::Unavailable(error.to_string()))?
    }
}
