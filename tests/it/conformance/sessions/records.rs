//! Records of connections, and the names by which agents know their runs.

use agentcore_gateway::protocol::ids::{Principal, SessionId};
use agentcore_gateway::session::store::{Connections, Owners, ReplyRuns};
use agentcore_gateway::session::{ReplayId, RunKey};

use super::{NOW, connection, grant, key, later, request};

/// Records of connections.
pub async fn connections(store: &(impl Connections + Owners)) {
    let retention = 3 * 60 * 60;
    let (principal, session) = (Principal::parse("someone").unwrap(), SessionId::parse("s").unwrap());
    store.record(&connection("a="), &principal, None, None, NOW).await.unwrap();
    for _ in 0..2 {
        store.record(&connection("a="), &principal, Some(&session), None, NOW).await.unwrap();
    }
    assert_eq!(store.owner(&connection("a="), later(1)).await.unwrap(), Some(principal.clone()));
    assert_eq!(store.owner(&connection("a="), later(3 * 60 * 60 + 1)).await.unwrap(), None, "it has expired");
    let known = store.forget(&connection("a="), later(1)).await.unwrap().unwrap();
    assert_eq!((known.principal, known.sessions), (principal.clone(), vec![session.clone()]));
    assert_eq!(store.forget(&connection("a="), later(1)).await.unwrap(), None);
    assert_eq!(store.owner(&connection("a="), later(1)).await.unwrap(), None, "it has closed");
    let replay = |name: &str| Some(ReplayId(name.to_owned()));
    assert_eq!(store.replay(&connection("b="), NOW).await.unwrap(), None);
    for number in 0..100 {
        let session = SessionId::parse(format!("s{number}")).unwrap();
        let replay = replay(&format!("{number}"));
        store.record(&connection("b="), &principal, Some(&session), replay.as_ref(), NOW).await.unwrap();
        assert_eq!(store.replay(&connection("b="), NOW).await.unwrap(), replay, "with room for the session or without");
    }
    store.record(&connection("b="), &principal, None, None, NOW).await.unwrap();
    assert_eq!(store.replay(&connection("b="), NOW).await.unwrap(), replay("99"));
    assert_eq!(store.replay(&connection("b="), later(retention - 1)).await.unwrap(), replay("99"));
    assert_eq!(store.replay(&connection("b="), later(retention)).await.unwrap(), None, "it has expired");
    assert_eq!(store.forget(&connection("b="), NOW).await.unwrap().unwrap().sessions.len(), 32);
    store.record(&connection("c="), &principal, Some(&session), None, NOW).await.unwrap();
    assert_eq!(store.forget(&connection("c="), later(retention)).await.unwrap(), None, "it has expired");
}

/// The names by which agents know their runs.
pub async fn reply_runs(store: &dyn ReplyRuns) {
    let run = |session: &str, name: &str| RunKey { session: key(session), request: request(name) };
    let (one, other) = (grant("one").run, grant("other").run);
    assert_eq!(store.run_of(&one, NOW).await.unwrap(), None);
    store.name_run(&one, &run("a \"session\" #1", "r.1_-"), NOW).await.unwrap();
    store.name_run(&other, &run("s", "r"), later(1)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.run_of(&one, later(1)).await.unwrap(), Some(run("a \"session\" #1", "r.1_-")));
        assert_eq!(store.run_of(&other, later(1)).await.unwrap(), Some(run("s", "r")));
        // A write whose answer was lost is written again.
        store.name_run(&other, &run("s", "r"), later(1)).await.unwrap();
    }
    assert_eq!(store.run_of(&grant("nobody").run, NOW).await.unwrap(), None);
    // As long as the session.
    let retention = 48 * 60 * 60;
    assert_eq!(store.run_of(&other, later(retention)).await.unwrap(), Some(run("s", "r")));
    assert_eq!(store.run_of(&one, later(retention + 1)).await.unwrap(), None, "it has expired");
}
