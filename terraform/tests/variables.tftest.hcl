# Each rule of variables-*.tf, by a value that breaks it. The module of these runs is links to those files and nothing else:
# planning all resources for each rule would take minutes.

variables {
  auth                  = "iam"
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
}

run "the_arn_of_a_runtime_is_complete" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main"
  }

  expect_failures = [var.agentcore_runtime_arn]
}

run "the_arn_of_a_runtime_has_no_endpoint" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj/runtime-endpoint/live"
  }

  expect_failures = [var.agentcore_runtime_arn]
}

run "the_default_agent_is_given_once" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agents = { default = { runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj" } }
  }

  expect_failures = [var.agentcore_runtime_arn]
}

run "names_of_agents_fit_a_prompt" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agents = { "two words" = { runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj" } }
  }

  expect_failures = [var.agents]
}

run "names_of_agents_are_at_most_64_characters" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agents = { ("a${join("", [for i in range(64) : "b"])}") = { runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj" } }
  }

  expect_failures = [var.agents]
}

run "each_agent_is_a_runtime" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agents = { other = { runtime_arn = "https://agent.example.com" } }
  }

  expect_failures = [var.agents]
}

run "endpoints_have_names" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agents = { other = { runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj", endpoint_name = "no-hyphens" } }
  }

  expect_failures = [var.agents]
}

run "agents_fit_the_environment" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agents = { for i in range(40) : "agent-${i}" => { runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj" } }
  }

  expect_failures = [var.agents]
}

run "agentcore_is_called_by_https" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agentcore_endpoint_url = "http://agent.example.com"
  }

  expect_failures = [var.agentcore_endpoint_url]
}

run "auth_is_one_of_three" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth = "password"
  }

  expect_failures = [var.auth]
}

run "tokens_need_an_issuer" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth          = "jwt"
    jwt_issuer    = ""
    jwt_audiences = ["gateway"]
  }

  expect_failures = [var.jwt_issuer]
}

run "an_issuer_needs_tokens" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    jwt_issuer = "https://issuer.example.com"
  }

  expect_failures = [var.jwt_issuer]
}

run "an_issuer_is_reached_by_https" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth          = "jwt"
    jwt_issuer    = "http://issuer.example.com"
    jwt_audiences = ["gateway"]
  }

  expect_failures = [var.jwt_issuer]
}

run "tokens_need_an_audience_or_a_client" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth       = "jwt"
    jwt_issuer = "https://issuer.example.com"
  }

  expect_failures = [var.jwt_audiences]
}

run "an_audience_needs_tokens" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    jwt_audiences = ["gateway"]
  }

  expect_failures = [var.jwt_audiences]
}

run "a_client_needs_tokens" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    jwt_clients = ["app"]
  }

  expect_failures = [var.jwt_clients]
}

run "an_audience_has_no_comma" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth          = "jwt"
    jwt_issuer    = "https://issuer.example.com"
    jwt_audiences = ["web,mobile"]
  }

  expect_failures = [var.jwt_audiences]
}

run "a_client_is_not_empty" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth        = "jwt"
    jwt_issuer  = "https://issuer.example.com"
    jwt_clients = ["app", ""]
  }

  expect_failures = [var.jwt_clients]
}

run "audiences_and_clients_fit_the_environment" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth          = "jwt"
    jwt_issuer    = "https://issuer.example.com"
    jwt_audiences = [join("", [for number in range(1024) : "a"])]
    jwt_clients   = [join("", [for number in range(1024) : "c"])]
  }

  expect_failures = [var.jwt_audiences]
}

run "a_client_alone_is_enough" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth        = "jwt"
    jwt_issuer  = "https://issuer.example.com"
    jwt_clients = ["https://app.example.com"]
  }
}

run "keys_are_reached_by_https" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    auth          = "jwt"
    jwt_issuer    = "https://issuer.example.com"
    jwt_audiences = ["gateway"]
    jwt_jwks_url  = "http://issuer.example.com/keys"
  }

  expect_failures = [var.jwt_jwks_url]
}

run "keys_need_tokens" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    jwt_jwks_url = "https://issuer.example.com/keys"
  }

  expect_failures = [var.jwt_jwks_url]
}

run "a_token_in_the_address_needs_tokens" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    jwt_token_in_query = true
  }

  expect_failures = [var.jwt_token_in_query]
}

run "origins_have_no_path" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    allowed_origins = ["https://app.example.com/"]
  }

  expect_failures = [var.allowed_origins]
}

run "origins_have_a_scheme" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    allowed_origins = ["app.example.com"]
  }

  expect_failures = [var.allowed_origins]
}

run "a_region_has_a_name" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    aws_region = "Frankfurt"
  }

  expect_failures = [var.aws_region]
}

run "a_project_has_a_short_name" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    project_name = "a-name-that-is-much-too-long"
  }

  expect_failures = [var.project_name]
}

run "a_project_has_a_plain_name" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    project_name = "My Project"
  }

  expect_failures = [var.project_name]
}

run "a_stage_has_a_plain_name" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    stage_name = "$default"
  }

  expect_failures = [var.stage_name]
}

run "tags_of_aws_are_its_own" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    tags = { "aws:owner" = "me" }
  }

  expect_failures = [var.tags]
}

run "artifacts_are_somewhere" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    artifacts_dir = ""
  }

  expect_failures = [var.artifacts_dir]
}

run "lambda_knows_two_architectures" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    architecture = "riscv64"
  }

  expect_failures = [var.architecture]
}

run "memory_has_bounds" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    memory_mb = { message = 64 }
  }

  expect_failures = [var.memory_mb]
}

run "time_outs_have_bounds" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    timeout_seconds = { worker = 901 }
  }

  expect_failures = [var.timeout_seconds]
}

run "a_worker_has_time_to_end_a_run" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    timeout_seconds       = { worker = 20 }
    silence_limit_seconds = 10
    retry_window_seconds  = 5
  }

  expect_failures = [var.timeout_seconds]
}

run "concurrency_has_bounds" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    maximum_concurrency = 1
  }

  expect_failures = [var.maximum_concurrency]
}

run "no_log_level_shows_prompts" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    log_level = "TRACE"
  }

  expect_failures = [var.log_level]
}

run "a_stop_does_one_of_two_things" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    on_stop = "ignore"
  }

  expect_failures = [var.on_stop]
}

run "the_replay_window_has_bounds" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    replay_window_seconds = 100000
  }

  expect_failures = [var.replay_window_seconds]
}

run "trying_again_ends_before_the_worker" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    retry_window_seconds = 900
  }

  expect_failures = [var.retry_window_seconds]
}

run "a_prompt_waits_no_longer_than_a_journal_is_kept" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_wait_seconds = 86401
  }

  expect_failures = [var.max_wait_seconds]
}

run "frames_have_a_rhythm" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    push_interval_ms = 19
  }

  expect_failures = [var.push_interval_ms]
}

run "frames_that_would_come_sooner" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    push_interval_ms     = 1001
    max_push_interval_ms = 1000
  }

  expect_failures = [var.max_push_interval_ms]
}

run "frames_that_would_come_too_late" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_push_interval_ms = 5001
  }

  expect_failures = [var.max_push_interval_ms]
}

run "frames_that_come_late_from_the_first" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    push_interval_ms = 1001
  }
}

run "a_reply_has_a_limit" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_reply_bytes = 0
  }

  expect_failures = [var.max_reply_bytes]
}

run "silence_ends_before_the_worker" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    silence_limit_seconds = 901
  }

  expect_failures = [var.silence_limit_seconds]
}

run "an_event_bus_has_an_arn" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    event_bus_arn = "runs"
  }

  expect_failures = [var.event_bus_arn]
}

run "an_event_bus_is_no_rule" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    event_bus_arn = "arn:aws:events:eu-central-1:111122223333:rule/runs"
  }

  expect_failures = [var.event_bus_arn]
}

run "an_event_bus_is_no_partners" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    event_bus_arn = "arn:aws:events:eu-central-1:111122223333:event-bus/aws.partner/example.com/runs"
  }

  expect_failures = [var.event_bus_arn]
}

run "a_crash_is_not_the_end_of_a_prompt" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_receive_count = 1
  }

  expect_failures = [var.max_receive_count]
}

run "no_prompt_is_dropped_while_it_may_wait" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    message_retention_seconds = 87299
  }

  expect_failures = [var.message_retention_seconds]
}

run "what_is_kept_just_long_enough" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    message_retention_seconds = 87300
  }
}

run "a_closer_has_time_for_its_attempts" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    timeout_seconds = { closer = 29 }
  }

  expect_failures = [var.timeout_seconds]
}

run "a_relay_has_time_for_its_attempts" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    timeout_seconds = { relay = 29 }
  }

  expect_failures = [var.timeout_seconds]
}

run "a_long_run_ends_within_a_session" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_run_seconds = 28801
  }

  expect_failures = [var.max_run_seconds]
}

run "a_long_run_takes_some_time" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_run_seconds = 0
  }

  expect_failures = [var.max_run_seconds]
}

run "agents_send_to_an_address_without_a_path" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    replies_endpoint_url = "http://127.0.0.1:4566/replies"
  }

  expect_failures = [var.replies_endpoint_url]
}

run "agents_send_in_the_clear_to_this_machine_only" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    replies_endpoint_url = "http://sqs.example.com"
  }

  expect_failures = [var.replies_endpoint_url]
}

run "closers_that_are_kept_are_enough_for_two_queues" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    agents               = { research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", long_runs = true } }
    reserved_concurrency = { closer = 3 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "closers_that_are_kept_have_bounds" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    reserved_concurrency = { closer = 1 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "a_function_that_never_runs_is_none" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    reserved_concurrency = { connections = 0 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "no_more_workers_are_started_than_may_run" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    maximum_concurrency  = 11
    reserved_concurrency = { worker = 10 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "no_more_relays_are_started_than_may_run" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    maximum_concurrency  = 11
    reserved_concurrency = { relay = 10, worker = 11 }
  }

  expect_failures = [var.reserved_concurrency]
}

run "prompts_wait_for_a_while" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_wait_seconds          = 60
    timeout_seconds           = { worker = 30 }
    silence_limit_seconds     = 30
    retry_window_seconds      = 10
    message_retention_seconds = 3599
  }

  expect_failures = [var.message_retention_seconds]
}

run "the_rate_of_each_route_has_bounds" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    route_throttling = { ping = { rate_limit = 20000 } }
  }

  expect_failures = [var.route_throttling]
}

run "the_burst_of_each_route_has_bounds" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    route_throttling = { connect = { burst_limit = 0.5 } }
  }

  expect_failures = [var.route_throttling]
}

run "a_path_needs_its_domain" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    api_mapping_key = "chat"
  }

  expect_failures = [var.api_mapping_key]
}

run "a_path_has_no_slash_at_its_ends" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    domain_name            = "gateway.example.com"
    domain_certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0123-4567"
    api_mapping_key        = "chat/"
  }

  expect_failures = [var.api_mapping_key]
}

run "a_path_is_none_of_connections" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    domain_name            = "gateway.example.com"
    domain_certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0123-4567"
    api_mapping_key        = "@connections"
  }

  expect_failures = [var.api_mapping_key]
}

run "there_is_a_way_in" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    disable_execute_api_endpoint = true
  }

  expect_failures = [var.disable_execute_api_endpoint]
}

run "addresses_are_of_a_kind_that_there_is" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    ip_address_type = "ipv6"
  }

  expect_failures = [var.ip_address_type]
}

run "recovery_reaches_back_35_days" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    point_in_time_recovery_days = 36
  }

  expect_failures = [var.point_in_time_recovery_days]
}

run "a_domain_is_no_address" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    domain_name            = "https://gateway.example.com"
    domain_certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0123-4567"
  }

  expect_failures = [var.domain_name]
}

run "a_domain_needs_a_certificate" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    domain_name = "gateway.example.com"
  }

  expect_failures = [var.domain_certificate_arn]
}

run "a_certificate_is_from_acm" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    domain_name            = "gateway.example.com"
    domain_certificate_arn = "arn:aws:iam::111122223333:server-certificate/some"
  }

  expect_failures = [var.domain_certificate_arn]
}

run "a_zone_needs_a_domain" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    domain_hosted_zone_id = "Z0123456789"
  }

  expect_failures = [var.domain_hosted_zone_id]
}

run "a_zone_has_an_id" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    domain_name            = "gateway.example.com"
    domain_certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0123-4567"
    domain_hosted_zone_id  = "example.com"
  }

  expect_failures = [var.domain_hosted_zone_id]
}

run "retention_is_a_known_period" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    log_retention_days = 10
  }

  expect_failures = [var.log_retention_days]
}

run "alarms_are_sent_to_topics" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    alarm_topic_arns = ["me@example.com"]
  }

  expect_failures = [var.alarm_topic_arns]
}

run "thresholds_are_shares" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    alarm_thresholds = { failed_runs_percent = 100 }
  }

  expect_failures = [var.alarm_thresholds]
}

run "uploads_are_no_larger_than_requests_of_agentcore" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_upload_bytes = 100000001
    memory_mb        = { worker = 1024 }
  }

  expect_failures = [var.max_upload_bytes]
}

run "uploads_have_no_negative_size" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_upload_bytes = -1
  }

  expect_failures = [var.max_upload_bytes]
}

run "uploads_have_whole_bytes" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_upload_bytes = 0.5
  }

  expect_failures = [var.max_upload_bytes]
}

run "uploads_fit_the_worker" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_upload_bytes = 22369622
  }

  expect_failures = [var.max_upload_bytes]
}

run "a_boundary_is_a_policy" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:role/bounds"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "a_path_of_roles_ends_in_a_slash" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    role_path = "/gateway"
  }

  expect_failures = [var.role_path]
}

run "a_role_is_of_a_function" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    existing_role_arns = { messages = "arn:aws:iam::111122223333:role/gateway" }
  }

  expect_failures = [var.existing_role_arns]
}

run "a_role_has_an_arn" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    existing_role_arns = { message = "gateway" }
  }

  expect_failures = [var.existing_role_arns]
}

run "a_key_is_no_alias" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    kms_key_arns = { table = "arn:aws:kms:eu-central-1:111122223333:alias/gateway" }
  }

  expect_failures = [var.kms_key_arns]
}

run "a_key_for_uploads_needs_uploads" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    max_upload_bytes = 0
    kms_key_arns     = { uploads = "arn:aws:kms:eu-central-1:111122223333:key/uploads" }
  }

  expect_failures = [var.kms_key_arns]
}

run "a_network_has_subnets" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    vpc = { subnet_ids = [], security_group_ids = ["sg-a"] }
  }

  expect_failures = [var.vpc]
}

run "programs_come_from_one_place" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    artifacts_dir = "build"
    archives      = { bucket = "releases", version = "1.2.0" }
  }

  expect_failures = [var.archives]
}

run "a_release_is_in_a_bucket" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    artifacts_dir = null
    archives      = { bucket = "s3://releases", version = "1.2.0" }
  }

  expect_failures = [var.archives]
}

run "a_release_has_a_version" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    artifacts_dir = null
    archives      = { bucket = "releases", version = "1.2.0/" }
  }

  expect_failures = [var.archives]
}

run "a_version_is_of_a_function" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    function_versions = { workers = "7" }
  }

  expect_failures = [var.function_versions]
}

run "a_version_has_a_number" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    function_versions = { worker = "$LATEST" }
  }

  expect_failures = [var.function_versions]
}

run "what_is_kept_ready_is_a_number" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    provisioned_concurrency = { message = 0.5 }
  }

  expect_failures = [var.provisioned_concurrency]
}

run "no_more_is_kept_ready_than_may_run" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    provisioned_concurrency = { connections = 3 }
    reserved_concurrency    = { connections = 2 }
  }

  expect_failures = [var.provisioned_concurrency]
}

run "log_groups_are_of_a_class_that_there_is" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    log_group_class = "DELIVERY"
  }

  expect_failures = [var.log_group_class]
}

run "metrics_need_a_class_that_makes_them" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    log_group_class = "INFREQUENT_ACCESS"
  }

  expect_failures = [var.log_group_class]
}

# variables-capacity.tf, and what depends on it.

run "the_worker_runs_on_lambda_or_on_instances" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity = "ec2"
  }

  expect_failures = [var.worker_capacity]
}

run "instances_need_a_network" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity = "managed-instances"
  }

  expect_failures = [var.managed_instances]
}

run "a_network_of_instances_has_a_security_group" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { subnet_ids = ["subnet-a"] }
  }

  expect_failures = [var.managed_instances]
}

run "a_network_of_instances_has_a_subnet" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { subnet_ids = [], security_group_ids = ["sg-a"] }
  }

  expect_failures = [var.managed_instances]
}

run "instances_take_nothing_of_the_accounts_concurrency" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity      = "managed-instances"
    managed_instances    = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a"] }
    reserved_concurrency = { worker = 100 }
  }

  expect_failures = [var.worker_capacity]
}

run "a_worker_on_instances_has_one_version" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity   = "managed-instances"
    managed_instances = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a"] }
    function_versions = { worker = "7" }
  }

  expect_failures = [var.worker_capacity]
}

run "instances_have_two_processors_at_least" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { max_vcpus = 1 }
  }

  expect_failures = [var.managed_instances]
}

run "an_environment_is_always_there" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { min_environments = 0 }
  }

  expect_failures = [var.managed_instances]
}

run "no_more_environments_are_kept_than_there_may_be" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { min_environments = 4, max_environments = 3 }
  }

  expect_failures = [var.managed_instances]
}

run "environments_have_a_most" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { max_environments = 15001 }
  }

  expect_failures = [var.managed_instances]
}

run "an_environment_has_at_most_1600_runs" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { max_runs = 1601 }
  }

  expect_failures = [var.managed_instances]
}

run "memory_comes_with_a_processor_in_steps" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { memory_gib_per_vcpu = 3 }
  }

  expect_failures = [var.managed_instances]
}

run "an_operator_is_a_role" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { operator_role_arn = "operator" }
  }

  expect_failures = [var.managed_instances]
}

run "there_is_room_for_as_many_runs_as_are_begun" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity   = "managed-instances"
    managed_instances = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a"], max_environments = 3, max_runs = 33 }
  }

  expect_failures = [var.managed_instances]
}

run "a_worker_on_lambda_runs_for_15_minutes_at_most" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    timeout_seconds = { worker = 901 }
  }

  expect_failures = [var.timeout_seconds]
}

run "a_worker_on_instances_runs_for_90_minutes_at_most" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity   = "managed-instances"
    managed_instances = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a"] }
    timeout_seconds   = { worker = 5401 }
  }

  expect_failures = [var.timeout_seconds]
}

run "other_functions_never_run_for_longer_than_15_minutes" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity   = "managed-instances"
    managed_instances = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a"] }
    timeout_seconds   = { connections = 901 }
  }

  expect_failures = [var.timeout_seconds]
}

run "an_environment_on_instances_has_2_gib_at_least" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity   = "managed-instances"
    managed_instances = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a"] }
    memory_mb         = { worker = 1024 }
  }

  expect_failures = [var.memory_mb]
}

run "a_prompt_that_waits_for_the_longest_run_is_not_dropped" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    worker_capacity           = "managed-instances"
    managed_instances         = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a"] }
    timeout_seconds           = { worker = 5400 }
    message_retention_seconds = 90000
  }

  expect_failures = [var.message_retention_seconds]
}

run "a_network_of_instances_has_five_security_groups_at_most" {
  command = plan

  module {
    source = "./tests/variables"
  }

  variables {
    managed_instances = { subnet_ids = ["subnet-a"], security_group_ids = ["sg-a", "sg-b", "sg-c", "sg-d", "sg-e", "sg-f"] }
  }

  expect_failures = [var.managed_instances]
}
