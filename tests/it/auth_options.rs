//! The options of the local gateway that say who may connect.

use agentcore_gateway::local::options::Options;
use clap::Parser;

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let arguments = std::iter::once("agentcore-gateway").chain(arguments.iter().copied());
    Options::try_parse_from(arguments).map_err(|error| error.to_string())
}

/// The sentence with which these options are refused.
fn refusal(arguments: &[&str]) -> String {
    match parse(arguments) {
        Ok(options) => options.config().map(|_| ()).expect_err("they are not refused").to_string(),
        Err(error) => error,
    }
}

const ISSUER: [&str; 4] = ["--auth", "jwt", "--jwt-issuer", "https://issuer.example/"];

#[test]
fn options_about_tokens_do_not_let_everybody_in_by_themselves() {
    for (option, value) in [
        ("--jwt-issuer", Some("https://issuer.example")),
        ("--jwt-audience", Some("web")),
        ("--jwt-client", Some("web")),
        ("--jwt-jwks-url", Some("https://issuer.example/keys")),
        ("--jwt-token-in-query", None),
    ] {
        for auth in [&[][..], &["--auth", "none"]] {
            let arguments = [auth, &[option], value.as_slice()].concat();
            let error = refusal(&arguments);
            assert!(error.contains(option) && error.contains("add --auth jwt"), "{arguments:?}: {error}");
        }
    }
}

#[test]
fn a_choice_that_is_none_is_named_with_those_there_are() {
    for value in ["iam", "JWT", ""] {
        let error = refusal(&["--auth", value]);
        assert!(error.contains("--auth") && error.contains("must be none or jwt"), "{error}");
    }
}

#[cfg(not(feature = "jwt"))]
#[test]
fn tokens_need_the_feature_jwt() {
    for arguments in [&ISSUER[..], &ISSUER[..2]] {
        let error = refusal(arguments);
        assert!(error.contains("feature \"jwt\"") && error.contains("cargo run --features jwt -- "), "{error}");
    }
}

#[cfg(feature = "jwt")]
mod with_tokens {
    use agentcore_gateway::authorizer::{AuthorizerConfig, KeysAt};

    use super::{ISSUER, parse, refusal};

    fn authorizer(arguments: &[&str]) -> AuthorizerConfig {
        parse(&[&ISSUER[..], arguments].concat()).unwrap().config().unwrap().authorizer.unwrap()
    }

    #[test]
    fn everybody_may_connect_unless_tokens_are_asked_for() {
        assert_eq!(parse(&[]).unwrap().config().unwrap().authorizer, None);
    }

    #[test]
    fn they_mean_what_the_authorizer_s_variables_mean() {
        let config = authorizer(&["--jwt-audience", "web, mobile", "--jwt-audience", "tv", "--jwt-client", "app"]);
        assert_eq!(config.issuer, "https://issuer.example/");
        assert_eq!(config.audiences, ["mobile", "tv", "web"].map(str::to_owned).into());
        assert_eq!(config.clients, ["app".to_owned()].into());
        let discovery = "https://issuer.example/.well-known/openid-configuration";
        assert_eq!(config.keys_at, KeysAt::Discovery(discovery.parse().unwrap()));
        assert!(!config.token_in_query);
        let keys = "http://127.0.0.1:9000/keys";
        let config = authorizer(&["--jwt-client", "app", "--jwt-jwks-url", keys, "--jwt-token-in-query"]);
        assert_eq!((config.keys_at, config.token_in_query), (KeysAt::Url(keys.parse().unwrap()), true));
        assert!(config.audiences.is_empty());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_with_the_rule() {
        for (arguments, says) in [
            (&ISSUER[..2], "--auth jwt needs --jwt-issuer URL"),
            (&ISSUER[..], "--auth jwt needs --jwt-audience NAME or --jwt-client NAME"),
            (&["--auth", "jwt", "--jwt-issuer", " "], "must not be empty"),
            (&["--auth", "jwt", "--jwt-issuer", "https://a.example", "--jwt-audience", "a,"], "must not be empty"),
            (
                &["--auth", "jwt", "--jwt-issuer", "http://a.example", "--jwt-audience", "a"],
                "--jwt-issuer \"http://a.example\" must be a URL that begins with https://",
            ),
            (
                &[&ISSUER[..], &["--jwt-audience", "a", "--jwt-jwks-url", "ftp://a.example"]].concat(),
                "--jwt-jwks-url \"ftp://a.example\" must be a URL that begins with https://",
            ),
        ] {
            let error = refusal(arguments);
            assert!(error.contains(says), "{arguments:?}: {error}");
        }
    }
}
