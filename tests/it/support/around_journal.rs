//! A journal around which a test does something, as `around` has it for sessions.

use std::sync::Arc;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Appended, Journal, Segment, Tail};
use agentcore_gateway::protocol::frame::{Frame, Seq};
use agentcore_gateway::session::store::StoreError;
use agentcore_gateway::session::{LeaseId, RunKey};
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub type Written = Result<Appended, StoreError>;
pub type Frames = Result<Vec<Arc<Frame>>, StoreError>;

/// A segment that is to be appended.
pub struct Append {
    journal: Arc<dyn Journal>,
    run: RunKey,
    pub segment: Segment,
    writer: LeaseId,
    now: Timestamp,
}

impl Append {
    pub async fn done(&self) -> Written {
        self.of(&self.segment, &self.writer).await
    }

    /// Appends another segment to the same journal.
    pub async fn of(&self, segment: &Segment, writer: &LeaseId) -> Written {
        self.journal.append(&self.run, segment, writer, self.now).await
    }
}

/// Frames that are to be read.
pub struct Read {
    journal: Arc<dyn Journal>,
    run: RunKey,
    after: Seq,
    now: Timestamp,
}

impl Read {
    pub async fn done(&self) -> Frames {
        self.journal.read(&self.run, self.after, self.now).await
    }
}

type Around<Call, Answer> = Box<dyn Fn(Call) -> BoxFuture<'static, Answer> + Send + Sync>;

/// A journal with something around it.
pub struct AroundJournal {
    journal: Arc<dyn Journal>,
    append: Around<Append, Written>,
    read: Around<Read, Frames>,
}

impl AroundJournal {
    /// With nothing around it yet.
    pub fn of(journal: Arc<dyn Journal>) -> Self {
        Self {
            journal,
            append: Box::new(|append| async move { append.done().await }.boxed()),
            read: Box::new(|read| async move { read.done().await }.boxed()),
        }
    }

    pub fn append<F>(self, around: impl Fn(Append) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Written> + Send + 'static,
    {
        Self { append: Box::new(move |append| around(append).boxed()), ..self }
    }

    pub fn read<F>(self, around: impl Fn(Read) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Frames> + Send + 'static,
    {
        Self { read: Box::new(move |read| around(read).boxed()), ..self }
    }
}

#[async_trait]
impl Journal for AroundJournal {
    async fn append(&self, run: &RunKey, segment: &Segment, writer: &LeaseId, now: Timestamp) -> Written {
        let (journal, run, segment, writer) = (self.journal.clone(), run.clone(), segment.clone(), writer.clone());
        (self.append)(Append { journal, run, segment, writer, now }).await
    }

    async fn tail(&self, run: &RunKey, now: Timestamp) -> Result<Option<Tail>, StoreError> {
        self.journal.tail(run, now).await
    }

    async fn read(&self, run: &RunKey, after: Seq, now: Timestamp) -> Frames {
        (self.read)(Read { journal: self.journal.clone(), run: run.clone(), after, now }).await
    }
}
