//! What functions read from their environment variables.

use std::time::Duration;

use agentcore_gateway::environment::{Environment, InvalidVariable};

/// An environment in which `VARIABLE` is `value`.
fn with(value: &str) -> Environment {
    Environment::of([("VARIABLE", value)])
}

fn message<T: std::fmt::Debug>(result: Result<T, InvalidVariable>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_variable_that_is_empty_is_absent() {
    for environment in [with(""), with(" \n"), Environment::of([("OTHER", "x")])] {
        assert_eq!(environment.optional("VARIABLE"), None);
        assert_eq!(message(environment.required("VARIABLE")), "the environment variable VARIABLE must be set");
        assert_eq!(environment.flag("VARIABLE", true), Ok(true));
        assert_eq!(environment.count("VARIABLE", 7), Ok(7));
        assert_eq!(environment.duration_seconds("VARIABLE", Duration::ZERO), Ok(Duration::ZERO));
        assert_eq!(environment.list("VARIABLE").count(), 0);
    }
}

#[test]
fn space_around_a_value_is_not_part_of_it() {
    assert_eq!(with(" a b\n").optional("VARIABLE"), Some("a b"));
    assert_eq!(with(" a b\n").required("VARIABLE"), Ok("a b"));
}

#[test]
fn a_flag_is_true_or_false_and_nothing_else() {
    assert_eq!(with("true").flag("VARIABLE", false), Ok(true));
    assert_eq!(with("false").flag("VARIABLE", true), Ok(false));
    for value in ["1", "True", "yes", "truefalse"] {
        let error = message(with(value).flag("VARIABLE", false));
        assert_eq!(error, "the environment variable VARIABLE must be true or false");
    }
}

#[test]
fn numbers_and_times_are_whole_and_above_zero() {
    assert_eq!(with("3600").count("VARIABLE", 1), Ok(3600));
    assert_eq!(with("3600").duration_seconds("VARIABLE", Duration::ZERO), Ok(Duration::from_secs(3600)));
    for value in ["0", "-1", "1.5", "60s", "4294967296", "١"] {
        let error = message(with(value).count("VARIABLE", 1));
        assert_eq!(error, "the environment variable VARIABLE must be a whole number above 0");
        let error = message(with(value).duration_seconds("VARIABLE", Duration::ZERO));
        assert_eq!(error, "the environment variable VARIABLE must be a whole number of seconds above 0");
    }
}

#[test]
fn a_list_is_separated_by_commas() {
    assert_eq!(with("a, b c ,,d,").list("VARIABLE").collect::<Vec<_>>(), ["a", "b c", "d"]);
}

#[test]
fn an_error_never_shows_the_value() {
    assert!(!message(with("hunter2").flag("VARIABLE", false)).contains("hunter2"));
    assert!(!message(with("hunter2").count("VARIABLE", 1)).contains("hunter2"));
}
