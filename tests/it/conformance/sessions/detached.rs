//! Runs that are left to their agents, and what they leave behind.

use agentcore_gateway::protocol::ids::{AgentName, ReplyRun};
use agentcore_gateway::session::store::Sessions;
use agentcore_gateway::session::transition::{Refusal, Transition};
use agentcore_gateway::session::{Cursor, Detached, MoveBegan, NextMessage, Unstopped, Untold};

use super::{NOW, attach, change, claim, connection, finish, grant, later, lease, request};

fn at(index: u64, last_seq: u64) -> Detached {
    let next = NextMessage { index, frames: 0, bytes: 100 * index };
    Detached { next, last_seq, move_began: MoveBegan { index: 0, seq: 2 } }
}

pub async fn detached_runs(store: &dyn Sessions) {
    let name = "detached";
    let detach = |by: &str, until| {
        let detached = Detached::beginning(2, 100);
        Transition::DetachRun { request: request("r"), lease: lease(by), detached, until }
    };
    let move_run = |of: &str, from, to, until| Transition::Move { run: grant(of).run, from, to, until };
    let (beginning, further) = (Detached::beginning(2, 100), at(3, 5));
    change(store, name, &claim("r", "a"), NOW).await.unwrap();
    let early = change(store, name, &move_run("r", beginning, further, later(99)), NOW).await;
    assert_eq!(early, Err(Refusal::Moved), "it has not been left to its agent");
    assert_eq!(change(store, name, &detach("b", later(300)), later(1)).await, Err(Refusal::LeaseLost));
    change(store, name, &Transition::Stop { request: request("r") }, later(1)).await.unwrap();
    assert_eq!(change(store, name, &detach("a", later(300)), later(1)).await, Err(Refusal::ToStop));
    change(store, name, &Transition::ForgetStop { request: request("r") }, later(1)).await.unwrap();
    let active = change(store, name, &detach("a", later(300)), later(2)).await.unwrap().active.unwrap();
    assert_eq!((active.detached, active.lease_until), (Some(beginning), later(300)));
    assert_eq!(change(store, name, &detach("a", later(300)), later(3)).await, Err(Refusal::LeaseLost), "it is already");

    assert_eq!(
        change(store, name, &move_run("other", beginning, further, later(99)), later(3)).await,
        Err(Refusal::Moved)
    );
    let moved = change(store, name, &move_run("r", beginning, further, later(400)), later(3)).await.unwrap();
    assert_eq!(moved.detached_run(&request("r")), Some(&further));
    assert_eq!(moved.active.unwrap().lease_until, later(400));
    let again = change(store, name, &move_run("r", beginning, further, later(400)), later(3)).await;
    assert_eq!(again, Err(Refusal::Moved), "somebody else has moved it");

    change(store, name, &attach("d", Cursor::Live), later(4)).await.unwrap();
    let has_all = |of: &str, seq, attached_at| Transition::MoveCursor {
        connection: connection("d"),
        from: Cursor::Live,
        attached_at,
        all_of: Some((request(of), seq)),
        to: Cursor::Live,
    };
    assert_eq!(change(store, name, &has_all("r", 4, None), later(5)).await, Err(Refusal::Moved), "there is frame 5");
    for (of, seq) in [("r", 5), ("r", 6), ("other", 4)] {
        assert!(change(store, name, &has_all(of, seq, Some(later(4))), later(5)).await.is_ok(), "{of} {seq}");
    }
    let other_attachment = change(store, name, &has_all("r", 5, Some(later(3))), later(5)).await;
    assert_eq!(other_attachment, Err(Refusal::Reattached));
    let finished = change(store, name, &finish("r", "whoever"), later(6)).await.unwrap();
    assert_eq!(
        (finished.active, finished.unstopped),
        (None, None),
        "it is nobody's, so anybody may say that it has ended"
    );
    assert!(change(store, name, &has_all("r", 1, None), later(7)).await.is_ok(), "it is over");
}

pub async fn agents_to_stop(store: &dyn Sessions) {
    let name = "unstopped";
    let (of, other) = (grant("r").run, grant("other").run);
    let untold = Untold { request: request("r"), last_seq: 7, live_from: 5 };
    let unstopped =
        Unstopped { agent: AgentName::default_agent(), reply: grant("r"), until: later(100), stopper: None };
    let finish = match finish("r", "a") {
        Transition::Finish { request, lease, latest, .. } => {
            Transition::Finish { request, lease, latest, untold: Some(untold.clone()), unstopped: Some(unstopped) }
        }
        other => other,
    };
    let begin =
        |run: &ReplyRun, by: &str, until| Transition::BeginStopping { run: run.clone(), stopper: lease(by), until };
    let stopped = |run: &ReplyRun, by: &str| Transition::Stopped { run: run.clone(), stopper: lease(by) };
    change(store, name, &claim("r", "a"), NOW).await.unwrap();
    let ended = change(store, name, &finish, NOW).await.unwrap();
    assert_eq!((ended.untold.as_ref(), ended.unstopped.is_some()), (Some(&untold), true));
    assert_eq!(change(store, name, &claim("next", "b"), later(100)).await, Err(Refusal::Unstopped));

    assert_eq!(change(store, name, &begin(&other, "s", later(40)), later(1)).await, Err(Refusal::Moved));
    assert_eq!(change(store, name, &stopped(&of, "s"), later(1)).await, Err(Refusal::Moved), "it has not begun to");
    change(store, name, &begin(&of, "s", later(40)), later(1)).await.unwrap();
    change(store, name, &begin(&of, "s", later(41)), later(2)).await.unwrap();
    assert_eq!(change(store, name, &begin(&of, "t", later(80)), later(41)).await, Err(Refusal::Unstopped));
    change(store, name, &begin(&of, "t", later(120)), later(42)).await.unwrap();
    assert_eq!(change(store, name, &stopped(&of, "s"), later(43)).await, Err(Refusal::Moved), "another one does now");
    let late = change(store, name, &begin(&of, "t", later(200)), later(101)).await;
    assert_eq!(late, Err(Refusal::Unstopped), "its time is over, and a stop is under way");
    assert_eq!(change(store, name, &claim("next", "b"), later(120)).await, Err(Refusal::Unstopped));
    assert_eq!(change(store, name, &begin(&of, "t", later(200)), later(121)).await, Err(Refusal::Moved));

    let told = Transition::Told { untold: untold.clone() };
    let other = Transition::Told { untold: Untold { last_seq: 8, ..untold } };
    assert_eq!(change(store, name, &other, later(121)).await, Err(Refusal::Moved));
    assert_eq!(change(store, name, &told, later(121)).await.unwrap().untold, None);
    assert_eq!(change(store, name, &told, later(121)).await, Err(Refusal::Moved));
    let next = change(store, name, &claim("next", "b"), later(121)).await.unwrap();
    assert_eq!(next.unstopped, None);
}
