//! A WebSocket gateway to AI agents on Amazon Bedrock AgentCore Runtime.
//!
//! A client's message is validated and put into a queue; a worker takes it, calls the agent for as long as it takes,
//! and pushes the reply to every connection of the session, frame by frame. A journal keeps the frames, so that a
//! client whose connection dropped can resume. What client and gateway say to each other is in `docs/protocol.md`; how
//! it all works, stage by stage and failure by failure, is in `docs/architecture.md`.
//!
//! The handlers take API Gateway's and SQS's own events, and know queue, table and journal only as traits. What stands
//! behind the traits is in memory, in one process, or on AWS.
//!
//! # Code map
//!
//! - [`protocol`]: the wire protocol as types. Knows nothing else.
//! - [`session`]: the aggregate that orders the runs of a conversation, and its transitions as pure functions.
//! - [`journal`]: the log of a run, which decides what happened.
//! - [`queue`]: the traits of the queue, its payload, a FIFO queue in memory, and SQS.
//! - `table` (feature `dynamodb`): the table behind sessions, connections and journals on AWS.
//! - [`agent`]: calling agents. Reports; never decides to try again.
//! - [`push`]: the trait to push to a connection.
//! - [`message`]: the handler of prompts and echoes. May only enqueue.
//! - [`connections`]: the handler of `$connect`, `$disconnect`, `resume` and `stop`.
//! - [`worker`]: the handler of queued prompts.
//! - [`relay`]: the handler of the messages of agents that go on by themselves.
//! - [`closer`]: the handler of prompts that no worker could take, and of runs to look after.
//! - [`run_ended`]: telling others that a run has ended.
//! - [`choices`]: what whoever deploys the gateway chooses for runs that end before their agents do.
//! - [`uploads`]: where prompts that are larger than a message are put, and read from.
//! - [`identity`]: whose a connection is.
//! - `authorizer` (feature `jwt`): the authorizer of `$connect`, which checks JSON Web Tokens.
//! - `recovery` (private): ending a run for who died, and telling its ending.
//! - `function` (feature `function`): the functions on AWS, wired from their environment variables.
//! - `local` (feature `local`): everything in one process, with a server, a page and a demo agent.
//! - [`subprotocol`]: what a client offers in its handshake, and with it a browser's token.
//! - [`environment`]: what a function is told by its environment variables.
//! - [`arn`]: Amazon Resource Names, and what host names of a partition end in.
//! - [`metrics`]: every metric, with its names, labels and meaning.
//! - [`clock`], [`random`], [`digest`], [`trace`]: time, randomness, hashes, trace context.
//!
//! # Invariants, and where each is kept
//!
//! - **The session orders, the journal decides.** One run has a session at a time:
//!   [`Transition::check`](session::transition::Transition::check). Which run happened, and how it ended, is what stands
//!   in the journal: [`Journal::append`](journal::Journal::append).
//! - **At most one call** (I3). The first segment of the journal stands before the agent is called (`worker/claim.rs`,
//!   `take`); only what certainly did not reach the agent is sent again (`worker/call.rs`, `decide`).
//! - **Fencing.** A worker whose append fails has been overtaken, and stops at once (`worker/record.rs`).
//! - **Who sends which frame is decided by the session's transitions**: by the [`Cursor`](session::Cursor) of each
//!   connection (`worker/deliver.rs`, `connections/resume.rs`).
//! - **One ending** (I1). The first terminal frame in the journal, pushed only once it is durable (`worker/log.rs`,
//!   `next`); of a worker that died, written by who next touches its session (`recovery/end.rs`); of a prompt that no
//!   worker could take, by the closer (`closer/close.rs`).
//! - **Whole and in order** (I2). Frames are numbered in one place: [`Output::cut`](protocol::output::Output::cut); one
//!   push at a time per connection (`worker/deliver.rs`).
//! - **One at a time** (I4). One queue group per session:
//!   [`QueuedPrompt::group`](queue::payload::QueuedPrompt::group), and the claim.
//! - **Nothing missed** (I5). `connections/resume.rs`, and `live_from` in `worker/supervise.rs`.
//! - **Own sessions only** (I6). A [`SessionKey`](session::SessionKey) is a pair, and the principal comes from the event or
//!   the connection's record, never from the message ([`Identity`](identity::Identity)); AgentCore's id is made by
//!   [`runtime_session_id`](session::runtime_id::runtime_session_id).
//! - **A detached run is nobody's.** Any relay moves it on, each message once: what stands in a segment says what comes behind
//!   it (`relay/plan.rs`), and the session says where that is
//!   ([`Transition::Move`](session::transition::Transition::Move)).
//! - **All devices** (I7). Each has its own place in the log, and is detached alone (`worker/deliver.rs`).

pub mod agent;
pub mod arn;
#[cfg(feature = "jwt")]
pub mod authorizer;
mod backoff;
pub mod choices;
pub mod clock;
pub mod closer;
pub mod connections;
pub mod digest;
pub mod environment;
#[cfg(feature = "function")]
pub mod function;
mod gateway_event;
pub mod identity;
pub mod journal;
#[cfg(feature = "local")]
pub mod local;
pub mod message;
pub mod metrics;
pub mod protocol;
pub mod push;
pub mod queue;
pub mod random;
mod recovery;
pub mod relay;
mod replay;
pub mod run_ended;
pub mod session;
pub mod subprotocol;
#[cfg(feature = "dynamodb")]
pub mod table;
pub mod trace;
pub mod uploads;
pub mod worker;
