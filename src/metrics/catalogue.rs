//! The metrics.

use super::Kind::{Counter, Duration, Gauge};
use super::Metric;
use super::Place::{Aws, Everywhere, OneMachine};

/// The metrics as constants, and all of them in one list.
macro_rules! catalogue {
    ($($constant:ident: $name:literal, $cloudwatch:literal, $kind:ident, [$($label:literal),*], $place:ident, $description:literal;)*) => {
        $(
            #[doc = $description]
            pub const $constant: Metric = Metric {
                name: concat!("agentcore_gateway_", $name),
                cloudwatch: $cloudwatch,
                kind: $kind,
                labels: &[$($label),*],
                place: $place,
                description: $description,
            };
        )*

        /// All of them.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

catalogue! {
    CONNECTIONS_OPENED: "connections_opened_total", "ConnectionsOpened", Counter, [], Everywhere,
        "Connections that were let in.";
    CONNECTIONS_REFUSED: "connections_refused_total", "ConnectionsRefused", Counter, ["status"], Everywhere,
        "Connections that were refused, by HTTP status: 400 a bad handshake, 403 an origin or a caller that may not, 503 no table.";
    CONNECTIONS_OPEN: "connections_open", "ConnectionsOpen", Gauge, [], OneMachine,
        "Connections that are open now.";
    AUTHORIZATIONS: "authorizations_total", "Authorizations", Counter, ["result"], Everywhere,
        "Tokens that the authorizer has decided about: allowed or refused.";
    PROMPTS_ACCEPTED: "prompts_accepted_total", "PromptsAccepted", Counter, ["agent"], Everywhere,
        "Prompts that were accepted.";
    MESSAGES_REJECTED: "messages_rejected_total", "MessagesRejected", Counter, ["code"], Everywhere,
        "Messages of clients that were rejected, by the code of the answer.";
    UPLOADS: "uploads_total", "Uploads", Counter, ["result"], Everywhere,
        "Uploads: places offered, uploads read, invalid ones, and tries to read one that was unavailable.";
    PROMPT_WAIT: "prompt_wait_seconds", "PromptWait", Duration, [], Everywhere,
        "How long prompts waited, from their acceptance until a worker had claimed them.";
    RUNS_ACTIVE: "runs_active", "RunsActive", Gauge, [], OneMachine,
        "Runs that a worker is at now.";
    TIME_TO_FIRST_EVENT: "time_to_first_event_seconds", "TimeToFirstEvent", Duration, ["agent"], Everywhere,
        "How long agents took until the first event of their reply, from their call on, tries included.";
    RUN_DURATION: "run_duration_seconds", "RunDuration", Duration, ["agent"], Everywhere,
        "How long runs took, from their claim until their ending; those that never began are not in it.";
    RUNS_ENDED: "runs_ended_total", "RunsEnded", Counter, ["agent", "outcome"], Everywhere,
        "Runs that have their ending: completed, failed or stopped.";
    RUNS_FAILED: "runs_failed_total", "RunsFailed", Counter, ["agent", "code"], Everywhere,
        "Runs that failed, by the code that the client is told.";
    RUNS_DETACHED: "runs_detached_total", "RunsDetached", Counter, ["agent"], Everywhere,
        "Runs whose agents went on by themselves.";
    AGENT_THROTTLES: "agent_throttles_total", "AgentThrottles", Counter, ["agent"], Everywhere,
        "Calls that a quota of the agent refused, each try for itself.";
    EVENTS: "events_total", "Events", Counter, [], Everywhere,
        "Events of agents.";
    FRAMES: "frames_total", "Frames", Counter, [], Everywhere,
        "Frames that events were packed into.";
    PUSHES: "pushes_total", "Pushes", Counter, ["result"], Everywhere,
        "Tries to push a message to a connection: ok, gone, throttled, too_large or unavailable.";
    PUSH_DURATION: "push_duration_seconds", "PushDuration", Duration, [], Aws,
        "How long tries to push took.";
    RESUMES: "resumes_total", "Resumes", Counter, [], Everywhere,
        "Resumes that were answered.";
    FRAMES_REPLAYED: "frames_replayed_total", "FramesReplayed", Counter, [], Everywhere,
        "Frames that were pushed from a journal.";
    TABLE_DURATION: "table_duration_seconds", "TableDuration", Duration, ["operation"], Aws,
        "How long reads and writes of the table took, tries of the SDK included.";
    TABLE_ERRORS: "table_errors_total", "TableErrors", Counter, ["reason"], Aws,
        "Reads and writes of the table that failed for good: throttled or unavailable.";
    QUEUE_DURATION: "queue_duration_seconds", "QueueDuration", Duration, ["operation"], Aws,
        "How long requests to a queue took, tries of the SDK included: send, extend (a message's visibility) and delete.";
    QUEUE_ERRORS: "queue_errors_total", "QueueErrors", Counter, ["reason"], Aws,
        "Requests to a queue that failed for good: throttled or unavailable.";
    LEASES_LOST: "leases_lost_total", "LeasesLost", Counter, [], Everywhere,
        "Runs that their worker gave up, because it could not renew its lease or was taken for dead.";
    ORPHANS_ENDED: "orphans_ended_total", "OrphansEnded", Counter, [], Everywhere,
        "Runs that somebody else ended, because their worker or their agent counted as dead.";
    PROMPTS_GIVEN_UP: "prompts_given_up_total", "PromptsGivenUp", Counter, [], Everywhere,
        "Prompts that no worker had begun, and that the closer ended.";
    PROMPTS_DROPPED: "prompts_dropped_total", "PromptsDropped", Counter, [], Everywhere,
        "Prompts that have no ending: they came too late for anybody to know whether they had run.";
}
