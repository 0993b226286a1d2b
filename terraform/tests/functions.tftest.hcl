# The functions' settings, and the environment that each program reads.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  # What all functions are told for it is tested in metrics.tftest.hcl.
  metrics = false
}

run "as_they_come" {
  command = plan

  variables {
    auth = "none"
  }

  expect_failures = [check.an_agent_is_configured, check.clients_are_authenticated]

  assert {
    condition = module.message.configuration.environment == tomap({
      DNS_SUFFIX        = "amazonaws.com"
      AUTH              = "none"
      PROMPTS_QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-prompts.fifo"
      AGENT_NAMES       = "default"
    })
    error_message = "message knows its queue and the agents' names; the echo agent is \"default\""
  }

  assert {
    condition = module.connections.configuration.environment == tomap({
      DNS_SUFFIX            = "amazonaws.com"
      AUTH                  = "none"
      TABLE_NAME            = "agentcore-gateway-prod"
      MANAGEMENT_ENDPOINT   = "https://api0000000.execute-api.eu-central-1.amazonaws.com/prod"
      REPLAY_WINDOW_SECONDS = "3600"
      ALLOWED_ORIGINS       = ""
      UPLOADS_URL           = "https://agentcore-gateway-prod-uploads-0000.s3.eu-central-1.amazonaws.com"
      MAX_UPLOAD_BYTES      = "20000000"
    })
    error_message = "connections knows its table, where to push, the bucket, and that no browser's page may connect"
  }

  assert {
    condition = module.worker.configuration.environment == tomap({
      DNS_SUFFIX            = "amazonaws.com"
      TABLE_NAME            = "agentcore-gateway-prod"
      MANAGEMENT_ENDPOINT   = "https://api0000000.execute-api.eu-central-1.amazonaws.com/prod"
      PROMPTS_QUEUE_URL     = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-prompts.fifo"
      AGENTS                = "{}"
      ON_STOP               = "stop-session"
      PUSH_INTERVAL_MS      = "100"
      STOP_ABANDONED        = "false"
      RETRY_WINDOW_SECONDS  = "60"
      SILENCE_LIMIT_SECONDS = "300"
      MAX_WAIT_SECONDS      = "86400"
      MAX_REPLY_BYTES       = "33554432"
      MAX_RECEIVE_COUNT     = "10"
      LONGEST_RUN_SECONDS   = "900"
      UPLOADS_URL           = "https://agentcore-gateway-prod-uploads-0000.s3.eu-central-1.amazonaws.com"
      MAX_UPLOAD_BYTES      = "20000000"
    })
    error_message = "worker knows table, queue and the defaults; no agents means the echo agent"
  }

  assert {
    condition = module.closer.configuration.environment == tomap({
      DNS_SUFFIX          = "amazonaws.com"
      TABLE_NAME          = "agentcore-gateway-prod"
      MANAGEMENT_ENDPOINT = "https://api0000000.execute-api.eu-central-1.amazonaws.com/prod"
      GIVEN_UP_QUEUE_URL  = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-given-up.fifo"
      MAX_RECEIVE_COUNT   = "20"
      LONGEST_RUN_SECONDS = "900"
    })
    error_message = "closer knows table, queue, where to push, and how long a run may last"
  }

  assert {
    condition = alltrue([for function in [module.message, module.connections, module.worker, module.closer] : (
      function.configuration.architectures == tolist(["arm64"]) &&
      function.configuration.runtime == "provided.al2023" &&
      function.configuration.handler == "bootstrap" &&
      function.configuration.tracing == "Active" &&
      function.configuration.log_format == "JSON" &&
      function.configuration.log_level == "INFO" &&
      function.configuration.log_retention == 30
    )])
    error_message = "Functions are arm64 programs that log JSON and are traced"
  }

  assert {
    condition = { for name, function in local.functions : name => [function.configuration.memory_mb, function.configuration.timeout] } == {
      message     = [256, 10]
      connections = [256, 300]
      worker      = [128, 900]
      closer      = [128, 60]
    }
    error_message = "Memory and time-outs as documented"
  }

  assert {
    condition     = output.log_groups == { message = "/aws/lambda/agentcore-gateway-prod-message", connections = "/aws/lambda/agentcore-gateway-prod-connections", worker = "/aws/lambda/agentcore-gateway-prod-worker", closer = "/aws/lambda/agentcore-gateway-prod-closer" }
    error_message = "Each function has its own log group, and the stage has none unasked"
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : function.configuration.reserved == null])
    error_message = "No concurrency is taken from the rest of the account unasked"
  }
}

run "as_they_can_be_set" {
  command = plan

  variables {
    auth                  = "jwt"
    jwt_issuer            = "https://issuer.example.com/"
    jwt_audiences         = ["web", "mobile"]
    jwt_clients           = ["app", "https://app.example.com"]
    jwt_jwks_url          = "https://issuer.example.com/keys"
    jwt_token_in_query    = true
    agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
    agents = {
      research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", endpoint_name = "live" }
      critic   = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/critic-0123456789" }
    }
    agentcore_endpoint_url = "http://127.0.0.1:8080"
    allowed_origins        = ["https://app.example.com", "https://other.example.com:8443"]
    project_name           = "gw"
    stage_name             = "dev"
    architecture           = "x86_64"
    memory_mb              = { worker = 512 }
    timeout_seconds        = { worker = 120, closer = 40 }

    maximum_concurrency  = 20
    reserved_concurrency = { connections = 5, worker = 30, closer = 3 }

    silence_limit_seconds = 100
    retry_window_seconds  = 5
    replay_window_seconds = 600
    push_interval_ms      = 250
    max_push_interval_ms  = 500
    stop_abandoned        = true
    max_wait_seconds      = 3600
    max_reply_bytes       = 1048576
    on_stop               = "detach"
    log_level             = "DEBUG"
    log_retention_days    = 7
    access_logs           = true
  }

  assert {
    condition     = module.message.configuration.environment.AUTH == "jwt" && module.connections.configuration.environment.AUTH == "jwt"
    error_message = "message and connections know who may connect"
  }

  assert {
    condition     = !contains(keys(module.message.configuration.environment), "TABLE_NAME")
    error_message = "With tokens message knows no table"
  }

  assert {
    condition     = module.message.configuration.environment.AGENT_NAMES == "critic,default,research"
    error_message = "message knows the agents' names"
  }

  assert {
    condition     = module.connections.configuration.environment.ALLOWED_ORIGINS == "https://app.example.com,https://other.example.com:8443"
    error_message = "connections knows the allowed origins"
  }

  assert {
    condition = jsondecode(module.worker.configuration.environment.AGENTS) == {
      critic   = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/critic-0123456789", endpoint_name = "DEFAULT" }
      default  = { runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj", endpoint_name = "DEFAULT" }
      research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", endpoint_name = "live" }
    }
    error_message = "worker knows the agents"
  }

  assert {
    condition = { for name in ["ON_STOP", "RETRY_WINDOW_SECONDS", "SILENCE_LIMIT_SECONDS", "PUSH_INTERVAL_MS", "MAX_PUSH_INTERVAL_MS", "STOP_ABANDONED", "MAX_WAIT_SECONDS", "MAX_REPLY_BYTES", "AGENTCORE_ENDPOINT_URL"] : name => module.worker.configuration.environment[name] } == {
      ON_STOP                = "detach"
      RETRY_WINDOW_SECONDS   = "5"
      SILENCE_LIMIT_SECONDS  = "100"
      PUSH_INTERVAL_MS       = "250"
      MAX_PUSH_INTERVAL_MS   = "500"
      STOP_ABANDONED         = "true"
      MAX_WAIT_SECONDS       = "3600"
      MAX_REPLY_BYTES        = "1048576"
      AGENTCORE_ENDPOINT_URL = "http://127.0.0.1:8080"
    }
    error_message = "worker gets its settings"
  }

  assert {
    condition     = module.connections.configuration.environment.REPLAY_WINDOW_SECONDS == "600"
    error_message = "connections knows the replay window"
  }

  assert {
    condition = module.authorizer[0].configuration.environment == tomap({
      DNS_SUFFIX         = "amazonaws.com"
      JWT_ISSUER         = "https://issuer.example.com/"
      JWT_AUDIENCES      = "web,mobile"
      JWT_CLIENTS        = "app,https://app.example.com"
      JWT_JWKS_URL       = "https://issuer.example.com/keys"
      JWT_TOKEN_IN_QUERY = "true"
    })
    error_message = "authorizer gets its settings"
  }

  assert {
    condition = alltrue([for name, function in local.functions : (
      function.configuration.architectures == tolist(["x86_64"]) &&
      function.configuration.log_level == "DEBUG" &&
      function.configuration.log_retention == 7 &&
      function.function_name == "gw-dev-${name}"
    )]) && length(local.functions) == 5
    error_message = "All five functions follow the settings"
  }

  assert {
    condition     = module.worker.configuration.memory_mb == 512 && module.worker.configuration.timeout == 120 && module.closer.configuration.timeout == 40
    error_message = "Memory and time-out of a single function can be set"
  }

  assert {
    condition     = module.worker.configuration.environment.LONGEST_RUN_SECONDS == "120" && module.closer.configuration.environment.LONGEST_RUN_SECONDS == "120"
    error_message = "Worker and closer know how long a run may last"
  }

  assert {
    condition = { for name, function in local.functions : name => function.configuration.reserved if function.configuration.reserved != null } == {
      connections = 5
      worker      = 30
      closer      = 3
    }
    error_message = "Concurrency is kept for the functions that are named, and for no other"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.prompts.scaling_config[0].maximum_concurrency == 20 && aws_lambda_event_source_mapping.given_up.scaling_config[0].maximum_concurrency == 3
    error_message = "No more workers are started than may run, and no more closers than are kept"
  }

  assert {
    condition     = aws_apigatewayv2_stage.gateway.access_log_settings[0].destination_arn == aws_cloudwatch_log_group.access[0].arn && aws_cloudwatch_log_group.access[0].retention_in_days == 7 && output.log_groups.access == "/aws/apigateway/gw-dev"
    error_message = "The stage has an access log if it is asked for, kept as long as the others"
  }
}

run "signed_requests_are_told_to_the_functions" {
  command = plan

  variables {
    auth = "iam"
  }

  expect_failures = [check.an_agent_is_configured]

  assert {
    condition = module.message.configuration.environment == tomap({
      DNS_SUFFIX        = "amazonaws.com"
      AUTH              = "iam"
      TABLE_NAME        = "agentcore-gateway-prod"
      PROMPTS_QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-prompts.fifo"
      AGENT_NAMES       = "default"
    })
    error_message = "message knows where the records of connections are"
  }

  assert {
    condition     = module.connections.configuration.environment.AUTH == "iam"
    error_message = "connections knows that requests are signed"
  }
}

run "the_authorizer_finds_the_keys_itself" {
  command = plan

  variables {
    auth        = "jwt"
    jwt_issuer  = "https://issuer.example.com"
    jwt_clients = ["app"]
    agents      = { research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789" } }
  }

  expect_failures = [check.prompts_without_a_name_have_an_agent]

  assert {
    condition = module.authorizer[0].configuration.environment == tomap({
      DNS_SUFFIX         = "amazonaws.com"
      JWT_ISSUER         = "https://issuer.example.com"
      JWT_AUDIENCES      = ""
      JWT_CLIENTS        = "app"
      JWT_TOKEN_IN_QUERY = "false"
    })
    error_message = "No address of keys means discovery, and no token in the address is the default"
  }
}
