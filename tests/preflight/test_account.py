"""What is found in the account."""

import pytest
from aws_double import IDENTITY, LIMITS, LOGS_ROLE, STS_ERROR, endpoint, failure, reserved, runtime
from conftest import ARN, READY, RUNTIME, agent


def test_an_account_in_which_all_is_as_it_should_be(preflight, aws):
    code, findings = preflight()
    assert code == 0 and [(level, subject) for level, subject, _ in findings] == [
        ("ok", "credentials"),
        ("ok", "region"),
        ("ok", "concurrency"),
        ("ok", "logs role"),
        ("ok", "default"),
    ]
    regions = {path: region for _, path, region in aws.asked}
    assert regions["/account"] == "eu-central-1" and regions[f"/runtimes/{RUNTIME}/"] == "us-west-2", "a runtime is where its ARN says"
    assert {method for method, path, _ in aws.asked if path != "/"} == {"GET"}, "it only reads"


@pytest.mark.parametrize(
    ("code", "words"),
    [("ExpiredToken", "aws sso login"), ("InvalidClientTokenId", "not turned on in the account"), ("SignatureDoesNotMatch", "AWS_PROFILE")],
)
def test_credentials_that_aws_refuses(aws, found, code, words):
    aws.answers[IDENTITY] = (403, STS_ERROR.format(code))
    level, subject, told = found()
    assert (level, subject) == ("error", "credentials") and words in told
    assert [path for _, path, _ in aws.asked] == ["/"], "nothing else can be looked at"


def test_no_credentials(environment, found):
    del environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    assert found()[:2] == ("error", "credentials")


def test_a_profile_that_does_not_exist(environment, found):
    environment["AWS_PROFILE"] = "nobody"
    level, subject, words = found()
    assert (level, subject) == ("error", "credentials") and "nobody" in words


def test_a_login_that_has_ended(environment, found, tmp_path):
    del environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    (tmp_path / "config").write_text(
        "[sso-session s]\nsso_region = eu-central-1\nsso_start_url = https://example.com/start\n"
        "[profile p]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n"
    )
    environment |= {"AWS_PROFILE": "p", "HOME": str(tmp_path)}
    level, subject, words = found()
    assert (level, subject) == ("error", "credentials") and "aws sso login" in words


def test_no_region(environment, found):
    del environment["AWS_REGION"]
    level, subject, words = found()
    assert (level, subject) == ("error", "region") and "aws_region" in words


def test_the_region_of_the_configuration_counts(preflight, aws):
    preflight(aws_region="eu-west-1")
    assert ("GET", "/account", "eu-west-1") in aws.asked


def test_a_region_that_is_not_there(environment, found):
    environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    level, subject, words = found()
    assert (level, subject) == ("error", "region") and "eu-central-1" in words


LONG_RUNS = {"default": agent(long_runs=True)}


def limits(total, unreserved):
    return 200, {"AccountLimit": {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": unreserved}}


@pytest.mark.parametrize(
    ("total", "unreserved", "changed", "level"),
    [
        (110, 110, {}, None),
        (109, 109, {}, "warning"),
        (10, 10, {"maximum_concurrency": 2}, "warning"),
        (10, 10, {"worker_capacity": "managed-instances"}, None),
        (12, 12, {"maximum_concurrency": 2}, None),
        (210, 210, {"local_agents": LONG_RUNS}, None),
        (209, 209, {"local_agents": LONG_RUNS}, "warning"),
        # What is reserved is not the workers' to use, whoever has it.
        (1000, 110, {}, None),
        (1000, 109, {}, "warning"),
        (114, 114, {"reserved_concurrency": {"closer": 4}}, None),
        (113, 113, {"reserved_concurrency": {"closer": 4}}, "warning"),
        # What workers have of their own they take from nobody; nor do relays.
        (1000, 200, {"reserved_concurrency": {"worker": 100}}, None),
        (1000, 219, {"reserved_concurrency": {"worker": 100}, "local_agents": LONG_RUNS}, None),
        (1000, 209, {"reserved_concurrency": {"worker": 100}, "local_agents": LONG_RUNS}, "warning"),
        (1000, 300, {"reserved_concurrency": {"worker": 100, "relay": 100}, "local_agents": LONG_RUNS}, None),
        # Lambda keeps a hundred for all.
        (1000, 104, {"reserved_concurrency": {"closer": 4}, "maximum_concurrency": 90}, None),
        (1000, 103, {"reserved_concurrency": {"closer": 4}, "maximum_concurrency": 90}, "error"),
    ],
)
def test_concurrency(aws, preflight, total, unreserved, changed, level):
    aws.answers[LIMITS] = limits(total, unreserved)
    aws.answers[runtime(RUNTIME)] = (200, READY | {"environmentVariables": {"GATEWAY_REPLY_QUEUE_URL": "https://queue"}})
    code, findings = preflight(**changed)
    assert [subject for level, subject, _ in findings if level != "ok"] == (["concurrency"] if level else [])
    (found,) = [finding for finding in findings if finding[1] == "concurrency"]
    assert found[0] == (level or "ok") and code == (1 if level == "error" else 0)
    assert level is None or "L-B99A9384" in found[2]


def test_what_is_reserved_already_can_be_reserved_again(aws, preflight, found):
    aws.answers[LIMITS] = limits(1000, 110)
    aws.answers[reserved("gateway-prod-closer")] = (200, {"ReservedConcurrentExecutions": 4})
    assert {level for level, _, _ in preflight(reserved_concurrency={"closer": 4, "relay": 900})[1]} == {"ok"}
    assert found(reserved_concurrency={"closer": 5})[0] == "warning", "one more is taken from the workers"


def test_a_reservation_that_is_given_up_is_everybodys(aws, preflight):
    aws.answers[LIMITS] = limits(1000, 100)
    aws.answers[reserved("gateway-prod-worker")] = (200, {"ReservedConcurrentExecutions": 10})
    assert {level for level, _, _ in preflight()[1]} == {"ok"}


def test_the_role_that_api_gateway_writes_logs_with(aws, preflight, found):
    aws.answers[LOGS_ROLE] = (200, {})
    level, subject, words = found()
    assert (level, subject) == ("error", "logs role") and "manage_api_gateway_account = true" in words
    assert preflight(access_logs=False)[0] == preflight(manage_api_gateway_account=True)[0] == 0


@pytest.mark.parametrize("path", ["/", "/gateway/"])
def test_the_role_for_logs_that_the_deploy_has_made(aws, preflight, path):
    aws.answers[LOGS_ROLE] = (200, {"cloudwatchRoleArn": f"arn:aws:iam::111122223333:role{path}gateway-prod-api-logs-eu-central-1"})
    assert {level for level, _, _ in preflight(manage_api_gateway_account=True, role_path=path)[1]} == {"ok"}


def test_a_role_for_logs_that_the_deploy_would_replace(found):
    level, subject, words = found(manage_api_gateway_account=True)
    assert (level, subject) == ("warning", "logs role") and "replaces it for all APIs" in words


@pytest.mark.parametrize(
    ("asked", "subject"), [(LIMITS, "concurrency"), (LOGS_ROLE, "logs role"), (runtime(RUNTIME), "default"), (endpoint(RUNTIME, "DEFAULT"), "default")]
)
def test_what_one_may_not_look_at_is_a_warning(aws, found, asked, subject):
    aws.answers[asked] = failure(403, "AccessDeniedException")
    level, of, words = found()
    assert (level, of) == ("warning", subject) and "AccessDeniedException" in words and "allow " in words


def test_no_agent(found):
    level, subject, words = found(local_agents={})
    assert (level, subject) == ("warning", "agents") and "echo agent" in words


def test_agents_of_another_endpoint_are_not_looked_at(preflight, aws):
    assert preflight(agentcore_endpoint_url="http://127.0.0.1:1")[0] == 0
    assert not [path for _, path, _ in aws.asked if path.startswith("/runtimes")]


def test_a_runtime_of_another_account(found):
    level, subject, words = found(local_agents={"critic": agent(runtime_arn=ARN.replace("111122223333", "444455556666"))})
    assert (level, subject) == ("warning", "critic") and "444455556666" in words


@pytest.mark.parametrize(
    ("asked", "answer", "level", "words"),
    [
        (runtime(RUNTIME), failure(404, "ResourceNotFoundException"), "error", f"{RUNTIME} in us-west-2 does not exist"),
        (endpoint(RUNTIME, "DEFAULT"), failure(404, "ResourceNotFoundException"), "error", "the endpoint DEFAULT of"),
        (runtime(RUNTIME), (200, READY | {"authorizerConfiguration": {"customJWTAuthorizer": {"discoveryUrl": "https://i"}}}), "error", "JWT authorizer"),
        (runtime(RUNTIME), (200, READY | {"status": "CREATE_FAILED", "failureReason": "No image."}), "error", "CREATE_FAILED: No image."),
        (runtime(RUNTIME), (200, READY | {"status": "UPDATING"}), "warning", "UPDATING"),
        (runtime(RUNTIME), (200, READY | {"protocolConfiguration": {"serverProtocol": "MCP"}}), "warning", "speaks MCP"),
        (endpoint(RUNTIME, "DEFAULT"), (200, {"status": "CREATING"}), "warning", "endpoint DEFAULT is CREATING"),
        (endpoint(RUNTIME, "DEFAULT"), (200, {"status": "DELETING"}), "error", "endpoint DEFAULT is DELETING"),
    ],
)
def test_runtimes_that_cannot_be_called(aws, found, asked, answer, level, words):
    aws.answers[asked] = answer
    of, subject, told = found()
    assert (of, subject) == (level, "default") and words in told


@pytest.mark.parametrize("protocol", ["HTTP", "AGUI"])
def test_protocols_that_take_prompts(aws, preflight, protocol):
    aws.answers[runtime(RUNTIME)] = (200, {"status": "READY", "protocolConfiguration": {"serverProtocol": protocol}})
    assert {level for level, _, _ in preflight()[1]} == {"ok"}


def test_a_long_run_without_the_address_of_its_queue(found):
    level, subject, words = found(local_agents={"long": agent(long_runs=True)})
    assert (level, subject) == ("warning", "long") and "GATEWAY_REPLY_QUEUE_URL" in words
