//! A process that can freeze at any await, thaw later, be cut off from the table, or die.
//!
//! What its handler does is polled only while it is awake ([`Process::run`]). What the handler has spawned lives and dies
//! with it all the same, for it cannot get an answer: each adapter belongs to one process, and gives none back while that
//! is frozen, and never once it is dead. The clocks go on meanwhile, and most sockets are dead afterwards.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

#[derive(Clone, Copy, PartialEq)]
enum Life {
    Awake,
    Frozen,
    Dead,
}

struct State {
    life: Life,
    is_cut: bool,
    freezes: usize,
    failures: usize,
    sockets: usize,
    waiting: Vec<Waker>,
}

struct Inner {
    id: usize,
    state: Mutex<State>,
}

#[derive(Clone)]
pub struct Process(Arc<Inner>);

impl Process {
    /// A process that is awake; `id` is no other's.
    pub fn new(id: usize) -> Self {
        let state =
            State { life: Life::Awake, is_cut: false, freezes: 0, failures: 0, sockets: 0, waiting: Vec::new() };
        Self(Arc::new(Inner { id, state: Mutex::new(state) }))
    }

    pub fn id(&self) -> usize {
        self.0.id
    }

    /// Stops it where it stands; `kills_sockets`: for so long that whoever it talked to has hung up.
    pub fn freeze(&self, kills_sockets: bool) {
        let mut state = self.state();
        if state.life == Life::Awake {
            state.life = Life::Frozen;
            state.freezes += 1;
            state.sockets += usize::from(kills_sockets);
        }
    }

    pub fn thaw(&self) {
        self.change(|state| {
            if state.life == Life::Frozen {
                state.life = Life::Awake;
            }
        });
    }

    pub fn die(&self) {
        self.state().life = Life::Dead;
    }

    /// Its way to the stores is cut, or mended.
    pub fn cut(&self, is_cut: bool) {
        self.change(|state| state.is_cut = is_cut);
    }

    pub fn is_cut(&self) -> bool {
        self.state().is_cut
    }

    pub fn is_frozen(&self) -> bool {
        self.state().life == Life::Frozen
    }

    /// How often it was frozen.
    pub fn freezes(&self) -> usize {
        self.state().freezes
    }

    /// How many calls of stores have failed for it.
    pub fn failures(&self) -> usize {
        self.state().failures
    }

    pub fn note_failure(&self) {
        self.state().failures += 1;
    }

    /// A number that changes when its sockets die.
    pub fn sockets(&self) -> usize {
        self.state().sockets
    }

    /// Waits while it is frozen; for ever if it is dead.
    pub async fn awake(&self) {
        self.wait_for(|state| state.life == Life::Awake).await;
    }

    /// As [`awake`](Self::awake), and while it is cut off.
    pub async fn connected(&self) {
        self.wait_for(|state| state.life == Life::Awake && !state.is_cut).await;
    }

    /// Runs `work` inside this process.
    pub fn run<F: Future>(&self, work: F) -> Inside<F> {
        Inside { process: self.clone(), work: Box::pin(work) }
    }

    async fn wait_for(&self, holds: impl Fn(&State) -> bool) {
        std::future::poll_fn(|context| {
            let mut state = self.state();
            if holds(&state) {
                return Poll::Ready(());
            }
            state.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waiting = {
            let mut state = self.state();
            change(&mut state);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }
}

/// Work inside a process: polled only while that is awake.
pub struct Inside<F> {
    process: Process,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        {
            let mut state = self.process.state();
            if state.life != Life::Awake {
                state.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
        }
        self.work.as_mut().poll(context)
    }
}
