//! The update that each transition is, and its condition: what [`Transition::change`] and [`Transition::check`] say.

use super::detached::{detached_value, unstopped_value};
use super::item::{active_value, attached_name, cursor_name, json_value, set_of, stop_name};
use crate::clock::Timestamp;
use crate::protocol::frame::Seq;
use crate::protocol::ids::{ConnectionId, ReplyRun, RequestId};
use crate::session::transition::Transition;
use crate::session::{Active, Attachment, Cursor, Detached, LeaseId, MAX_CONNECTIONS, MAX_STOPS, RETENTION};
use crate::table::{Item, Update, expiry, number, text};

/// What stands for the JSON texts that conditions compare with.
const SEEN_CURSOR: &str = "seen_cursor";
const SEEN_UNTOLD: &str = "seen";

/// The update that is `transition`, and its condition.
pub(super) fn update_for(transition: &Transition, now: Timestamp) -> Update {
    let mut update = Update::default();
    update
        .name("expires_at", "expires_at")
        .value("expires_at", expiry(now.after(RETENTION)))
        .set("#expires_at = :expires_at");
    update.value("now_s", number(now.0 / 1000)).when("attribute_not_exists(#expires_at) OR #expires_at > :now_s");
    match transition {
        Transition::Claim { request, lease, until, connection, agent, reply } => {
            let (request, lease, agent, reply) = (request.clone(), lease.clone(), Some(agent.clone()), reply.clone());
            let active = Active { request, lease, lease_until: *until, started_at: now, agent, reply, detached: None };
            update.name("active", "active").value("active", active_value(&active));
            update.when("attribute_not_exists(#active)").set("#active = :active");
            update.name("unstopped", "unstopped").name("until", "until").name("stopper_until", "stopper_until");
            update.value("now", number(now.0)).remove("#unstopped");
            update.when("attribute_not_exists(#unstopped) OR #unstopped.#until < :now");
            update.when("attribute_not_exists(#unstopped.#stopper_until) OR #unstopped.#stopper_until < :now");
            let attachment = attachment(&mut update, connection, now);
            attachment.set("#attached = if_not_exists(#attached, :now)");
        }
        Transition::Renew { lease, until } => {
            update.name("active", "active").name("lease", "lease").name("lease_until", "lease_until");
            update.value("lease", text(&lease.0)).value("until", number(until.0));
            update.when("#active.#lease = :lease").when("#active.#lease_until <= :until");
            update.set("#active.#lease_until = :until");
        }
        Transition::DetachRun { request, lease, detached, until } => {
            update.name("active", "active").name("lease", "lease").name("lease_until", "lease_until");
            update.name("request", "request").name("detached", "detached").name("stop", stop_name(request));
            update.value("request", text(request.as_str())).value("lease", text(&lease.0));
            update.when("#active.#request = :request").when("#active.#lease = :lease");
            update.when("attribute_not_exists(#active.#detached)").when("attribute_not_exists(#stop)");
            move_run(&mut update, detached, *until);
        }
        Transition::Move { run, from, to, until } => {
            update.name("active", "active").name("lease_until", "lease_until").name("detached", "detached");
            update.name("reply", "reply").name("run", "run").value("run", text(run.as_str()));
            update.name("next_index", "next_index").value("from_index", number(from.next.index));
            update.name("last_seq", "last_seq").value("from_seq", number(from.last_seq));
            update.when("#active.#reply.#run = :run");
            update.when("#active.#detached.#next_index = :from_index");
            update.when("#active.#detached.#last_seq = :from_seq");
            move_run(&mut update, to, *until);
        }
        Transition::Finish { request, lease, latest, untold, unstopped } => {
            update.name("active", "active").name("lease", "lease").name("lease_until", "lease_until");
            update.name("request", "request").name("latest", "latest").name("detached", "detached");
            update.value("request", text(request.as_str())).value("lease", text(&lease.0)).value("now", number(now.0));
            update.value("latest", json_value(latest));
            update.when("#active.#request = :request");
            update
                .when("#active.#lease = :lease OR attribute_exists(#active.#detached) OR #active.#lease_until < :now");
            update.remove("#active").set("#latest = :latest").name("unstopped", "unstopped");
            if let Some(untold) = untold {
                update.name("untold", "untold").value("untold", json_value(untold)).set("#untold = :untold");
            }
            match unstopped {
                Some(unstopped) => {
                    update.value("unstopped", unstopped_value(unstopped)).set("#unstopped = :unstopped");
                }
                None => _ = update.remove("#unstopped"),
            }
            forget_stop(&mut update, request);
        }
        Transition::Told { untold } => {
            update.name("untold", "untold").value(SEEN_UNTOLD, json_value(untold));
            update.when("#untold = :seen").remove("#untold");
        }
        Transition::BeginStopping { run, stopper, until } => {
            is_unstopped(&mut update, run, stopper).name("stopper_until", "stopper_until");
            update.value("now", number(now.0)).value("until", number(until.0));
            update.name("until", "until").when("#unstopped.#until >= :now");
            update.when(
                "attribute_not_exists(#unstopped.#stopper) OR #unstopped.#stopper = :stopper \
                 OR #unstopped.#stopper_until < :now",
            );
            update.set("#unstopped.#stopper = :stopper").set("#unstopped.#stopper_until = :until");
        }
        Transition::Stopped { run, stopper } => {
            is_unstopped(&mut update, run, stopper).when("#unstopped.#stopper = :stopper").remove("#unstopped");
        }
        Transition::Stop { request } => {
            update.name("stops", "stops").name("stop", stop_name(request));
            update.value("stops", set_of(request.as_str())).value("now", number(now.0));
            update.value("max_stops", number(MAX_STOPS as u64));
            update.name("active", "active").name("request", "request").value("request", text(request.as_str()));
            update.when(
                "attribute_exists(#stop) OR attribute_not_exists(#stops) OR size(#stops) < :max_stops \
                 OR #active.#request = :request",
            );
            update.set("#stop = if_not_exists(#stop, :now)").add("#stops :stops");
        }
        Transition::ForgetStop { request } => {
            update.when("attribute_exists(#expires_at)");
            forget_stop(&mut update, request);
        }
        Transition::Attach { connection, cursor } => {
            attachment(&mut update, connection, now).set("#attached = :now");
            if *cursor != Cursor::Live {
                set_cursor(&mut update, connection, cursor);
            }
        }
        Transition::MoveCursor { connection, from, attached_at, all_of, to } => {
            has_cursor(&mut update, connection, from);
            update.name("attached", attached_name(connection));
            match attached_at {
                Some(attached_at) => {
                    update.value("seen_at", number(attached_at.0)).when("#attached = :seen_at");
                }
                None => _ = update.when("attribute_exists(#attached)"),
            }
            if let Some((request, seq)) = all_of {
                has_all_of(&mut update, request, *seq);
            }
            set_cursor(&mut update, connection, to);
        }
        Transition::Detach { connection, seen } => {
            update.when("attribute_exists(#expires_at)");
            if let Some(Attachment { cursor, attached_at }) = seen {
                update.value("seen_at", number(attached_at.0)).when("#attached = :seen_at");
                has_cursor(&mut update, connection, cursor);
            }
            update.name("connections", "connections").value("connections", set_of(connection.as_str()));
            update.name("attached", attached_name(connection)).name("cursor", cursor_name(connection));
            update.remove("#attached").remove("#cursor").delete("#connections :connections");
        }
    }
    update
}

/// Lets `update` compare with what `item` holds as it is written there: a later release may have written members that this
/// one passes over, and what is compared is the text. Whether that differs.
pub(super) fn compare_as_stored(update: &mut Update, item: &Item) -> bool {
    let mut differs = false;
    for (seen, attribute) in [(SEEN_CURSOR, "#cursor"), (SEEN_UNTOLD, "#untold")] {
        let stored = update.names.get(attribute).and_then(|name| item.get(name));
        if let (Some(seen), Some(stored)) = (update.values.get_mut(&format!(":{seen}")), stored)
            && seen != stored
        {
            *seen = stored.clone();
            differs = true;
        }
    }
    differs
}

/// Sets how far a detached run is, and until when its agent counts as alive.
fn move_run(update: &mut Update, detached: &Detached, until: Timestamp) {
    update.value("detached", detached_value(detached)).value("until", number(until.0));
    update.set("#active.#detached = :detached").set("#active.#lease_until = :until");
}

/// The agent of `run` has to be stopped, and `stopper` is about to.
fn is_unstopped<'a>(update: &'a mut Update, run: &ReplyRun, stopper: &LeaseId) -> &'a mut Update {
    update.name("unstopped", "unstopped").name("reply", "reply").name("run", "run").name("stopper", "stopper");
    update.value("run", text(run.as_str())).value("stopper", text(&stopper.0));
    update.when("#unstopped.#reply.#run = :run")
}

/// The run of `request` is not detached, or has no frame behind `seq`.
fn has_all_of(update: &mut Update, request: &RequestId, seq: Seq) {
    update.name("active", "active").name("request", "request").name("detached", "detached");
    update.name("last_seq", "last_seq");
    update.value("request", text(request.as_str())).value("seq", number(seq));
    update.when(
        "attribute_not_exists(#active.#detached) OR #active.#request <> :request \
         OR #active.#detached.#last_seq <= :seq",
    );
}

/// Adds `connection` to those that are attached, if there is room; since when, the caller sets.
fn attachment<'a>(update: &'a mut Update, connection: &ConnectionId, now: Timestamp) -> &'a mut Update {
    update.name("connections", "connections").value("connections", set_of(connection.as_str()));
    update.name("attached", attached_name(connection)).value("now", number(now.0));
    update.value("max_connections", number(MAX_CONNECTIONS as u64));
    update.when(
        "attribute_exists(#attached) OR attribute_not_exists(#connections) OR size(#connections) < :max_connections",
    );
    update.add("#connections :connections")
}

/// [`Cursor::Live`] is an attribute that is not there, but for one that a replay has moved back to it.
fn has_cursor(update: &mut Update, connection: &ConnectionId, cursor: &Cursor) {
    update.name("cursor", cursor_name(connection)).value(SEEN_CURSOR, json_value(cursor));
    update.when(match cursor {
        Cursor::Live => "attribute_not_exists(#cursor) OR #cursor = :seen_cursor",
        _ => "#cursor = :seen_cursor",
    });
}

fn set_cursor(update: &mut Update, connection: &ConnectionId, cursor: &Cursor) {
    update.name("cursor", cursor_name(connection)).value("cursor", json_value(cursor)).set("#cursor = :cursor");
}

fn forget_stop(update: &mut Update, request: &RequestId) {
    update.name("stops", "stops").value("stops", set_of(request.as_str())).delete("#stops :stops");
    update.name("stop", stop_name(request)).remove("#stop");
}
