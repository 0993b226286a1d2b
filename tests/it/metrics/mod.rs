//! What is measured, and that the lists of it agree.

mod clients;
mod list;
mod page;
mod runs;
mod trouble;
