//! The log of a function, in the form that Lambda asks for.

use tracing::Level;

use crate::environment::Environment;

/// Writes what is at least as severe as `AWS_LAMBDA_LOG_LEVEL` says to the standard output, as `AWS_LAMBDA_LOG_FORMAT`
/// says. As JSON each line has its time: one without, Lambda takes for INFO, and drops where less is wanted. To text it adds
/// the time itself.
pub(super) fn start(environment: &Environment) {
    let level = level(environment.optional("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default());
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false).with_ansi(false);
    if environment.optional("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        log.json().init();
    } else {
        log.without_time().init();
    }
}

/// Lambda's levels are tracing's and `FATAL`, which nothing here is.
fn level(name: &str) -> Level {
    if name.eq_ignore_ascii_case("fatal") { Level::ERROR } else { name.parse().unwrap_or(Level::INFO) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_s_levels_are_understood() {
        let levels = [("TRACE", Level::TRACE), ("WARN", Level::WARN), ("FATAL", Level::ERROR), ("", Level::INFO)];
        for (name, expected) in levels {
            assert_eq!(level(name), expected);
        }
    }
}
