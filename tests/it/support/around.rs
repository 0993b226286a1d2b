//! Sessions around which a test does something: before a call, behind it, or to its answer.

use std::sync::Arc;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::session::store::{Refused, Sessions, StoreError};
use agentcore_gateway::session::transition::Transition;
use agentcore_gateway::session::{Session, SessionKey};
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub type Loaded = Result<Session, StoreError>;
pub type Applied = Result<Result<Session, Refused>, StoreError>;

/// A session that is to be read.
pub struct Load {
    sessions: Arc<dyn Sessions>,
    pub key: SessionKey,
    pub now: Timestamp,
}

/// A transition that is to be applied.
#[derive(Clone)]
pub struct Apply {
    sessions: Arc<dyn Sessions>,
    key: SessionKey,
    pub transition: Transition,
    pub now: Timestamp,
}

impl Load {
    pub async fn done(&self) -> Loaded {
        self.sessions.load(&self.key, self.now).await
    }
}

impl Apply {
    pub async fn done(&self) -> Applied {
        self.sessions.apply(&self.key, &self.transition, self.now).await
    }
}

type Around<Call, Answer> = Box<dyn Fn(Call) -> BoxFuture<'static, Answer> + Send + Sync>;

/// Sessions with something around them.
pub struct AroundSessions {
    sessions: Arc<dyn Sessions>,
    load: Around<Load, Loaded>,
    apply: Around<Apply, Applied>,
}

impl AroundSessions {
    /// With nothing around them yet.
    pub fn of(sessions: Arc<dyn Sessions>) -> Self {
        Self {
            sessions,
            load: Box::new(|load| async move { load.done().await }.boxed()),
            apply: Box::new(|apply| async move { apply.done().await }.boxed()),
        }
    }

    pub fn load<F>(self, around: impl Fn(Load) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Loaded> + Send + 'static,
    {
        Self { load: Box::new(move |load| around(load).boxed()), ..self }
    }

    pub fn apply<F>(self, around: impl Fn(Apply) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Applied> + Send + 'static,
    {
        Self { apply: Box::new(move |apply| around(apply).boxed()), ..self }
    }
}

#[async_trait]
impl Sessions for AroundSessions {
    async fn load(&self, key: &SessionKey, now: Timestamp) -> Loaded {
        (self.load)(Load { sessions: self.sessions.clone(), key: key.clone(), now }).await
    }

    async fn apply(&self, key: &SessionKey, transition: &Transition, now: Timestamp) -> Applied {
        let (sessions, key, transition) = (self.sessions.clone(), key.clone(), transition.clone());
        (self.apply)(Apply { sessions, key, transition, now }).await
    }
}
