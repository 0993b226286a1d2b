# One function for each part of the work, and what it may do beyond writing its log and its trace is in policies.tf.
# Those that may give a run its ending are told of the event bus, and thereby may put events on it.
# The programs read their settings from the environment, and refuse to start when one is missing or wrong.

locals {
  function_settings = {
    region             = var.aws_region
    architecture       = var.architecture
    log_level          = var.log_level
    log_retention_days = var.log_retention_days
    tags               = var.tags
    # Without a namespace nothing is measured.
    environment = var.metrics ? { METRICS_NAMESPACE = local.metrics_namespace } : {}
  }

  agentcore_environment = var.agentcore_endpoint_url == "" ? {} : { AGENTCORE_ENDPOINT_URL = var.agentcore_endpoint_url }

  # More closers than are reserved would be throttled, which counts as a message received. So the two queues share them.
  watch_concurrency    = 2
  given_up_concurrency = var.closer_reserved_concurrency == null ? 10 : var.closer_reserved_concurrency - (local.has_long_runs ? local.watch_concurrency : 0)
}

module "message" {
  source = "./modules/function"

  name        = "${local.name}-message"
  role_name   = "${local.name}-message-${local.region}"
  description = "Checks a prompt and puts it into the queue"
  archive     = "${local.artifacts_dir}/message/bootstrap.zip"
  memory_mb   = var.memory_mb.message
  timeout     = var.timeout_seconds.message
  statements  = local.message_statements
  settings    = local.function_settings

  environment = merge(
    {
      AUTH              = var.auth
      PROMPTS_QUEUE_URL = aws_sqs_queue.prompts.url
      AGENT_NAMES       = join(",", local.agent_names)
    },
    # Whose a connection is stands in its record only.
    var.auth == "iam" ? { TABLE_NAME = aws_dynamodb_table.sessions.name } : {},
  )
}

module "connections" {
  source = "./modules/function"

  name        = "${local.name}-connections"
  role_name   = "${local.name}-connections-${local.region}"
  description = "Connects, disconnects, resumes and stops"
  archive     = "${local.artifacts_dir}/connections/bootstrap.zip"
  memory_mb   = var.memory_mb.connections
  timeout     = var.timeout_seconds.connections
  statements  = local.connections_statements
  settings    = local.function_settings

  event_bus_arn = var.event_bus_arn

  environment = merge(
    {
      AUTH                  = var.auth
      TABLE_NAME            = aws_dynamodb_table.sessions.name
      MANAGEMENT_ENDPOINT   = local.management_endpoint
      REPLAY_WINDOW_SECONDS = tostring(var.replay_window_seconds)
      ALLOWED_ORIGINS       = join(",", var.allowed_origins)
    },
    # Whoever takes the stop of a run whose agent goes on by itself ends that run.
    local.has_long_runs ? { ON_STOP = var.on_stop } : {},
    local.uploads_environment,
  )
}

module "worker" {
  source = "./modules/function"

  name        = "${local.name}-worker"
  role_name   = "${local.name}-worker-${local.region}"
  description = "Calls the agent and pushes its reply"
  archive     = "${local.artifacts_dir}/worker/bootstrap.zip"
  memory_mb   = var.memory_mb.worker
  timeout     = var.timeout_seconds.worker
  statements  = local.worker_statements
  settings    = local.function_settings

  event_bus_arn = var.event_bus_arn

  environment = merge(
    {
      TABLE_NAME            = aws_dynamodb_table.sessions.name
      MANAGEMENT_ENDPOINT   = local.management_endpoint
      PROMPTS_QUEUE_URL     = aws_sqs_queue.prompts.url
      AGENTS                = jsonencode(local.told_agents)
      ON_STOP               = var.on_stop
      PUSH_INTERVAL_MS      = tostring(var.push_interval_ms)
      STOP_ABANDONED        = tostring(var.stop_abandoned)
      RETRY_WINDOW_SECONDS  = tostring(var.retry_window_seconds)
      SILENCE_LIMIT_SECONDS = tostring(var.silence_limit_seconds)
      MAX_WAIT_SECONDS      = tostring(var.max_wait_seconds)
      MAX_REPLY_BYTES       = tostring(var.max_reply_bytes)
      MAX_RECEIVE_COUNT     = tostring(var.max_receive_count)
      LONGEST_RUN_SECONDS   = tostring(var.timeout_seconds.worker)
    },
    local.agentcore_environment,
    local.uploads_environment,
    !local.has_long_runs ? {} : {
      REPLIES_QUEUE_URL = aws_sqs_queue.replies[0].url
      WATCH_QUEUE_URL   = aws_sqs_queue.watch[0].url
    },
    !local.has_long_runs || var.replies_endpoint_url == "" ? {} : { REPLIES_ENDPOINT_URL = var.replies_endpoint_url },
  )
}

# Of the agents it knows those whose runs it relays, for it stops their sessions.
module "relay" {
  source = "./modules/function"
  count  = local.has_long_runs ? 1 : 0

  name        = "${local.name}-relay"
  role_name   = "${local.name}-relay-${local.region}"
  description = "Relays what agents say that go on by themselves"
  archive     = "${local.artifacts_dir}/relay/bootstrap.zip"
  memory_mb   = var.memory_mb.relay
  timeout     = var.timeout_seconds.relay
  statements  = local.relay_statements
  settings    = local.function_settings

  event_bus_arn = var.event_bus_arn

  environment = merge(
    {
      TABLE_NAME          = aws_dynamodb_table.sessions.name
      MANAGEMENT_ENDPOINT = local.management_endpoint
      REPLIES_QUEUE_URL   = aws_sqs_queue.replies[0].url
      AGENTS              = jsonencode({ for name in keys(local.long_run_agents) : name => local.told_agents[name] })
      ON_STOP             = var.on_stop
      STOP_ABANDONED      = tostring(var.stop_abandoned)
      MAX_REPLY_BYTES     = tostring(var.max_reply_bytes)
      MAX_RUN_SECONDS     = tostring(var.max_run_seconds)
    },
    local.agentcore_environment,
  )
}

module "closer" {
  source = "./modules/function"

  name                 = "${local.name}-closer"
  role_name            = "${local.name}-closer-${local.region}"
  description          = "Ends what nobody else does"
  archive              = "${local.artifacts_dir}/closer/bootstrap.zip"
  memory_mb            = var.memory_mb.closer
  timeout              = var.timeout_seconds.closer
  reserved_concurrency = var.closer_reserved_concurrency
  statements           = local.closer_statements
  settings             = local.function_settings

  event_bus_arn = var.event_bus_arn

  environment = merge(
    {
      TABLE_NAME          = aws_dynamodb_table.sessions.name
      MANAGEMENT_ENDPOINT = local.management_endpoint
      GIVEN_UP_QUEUE_URL  = aws_sqs_queue.given_up.url
      MAX_RECEIVE_COUNT   = tostring(local.given_up_receive_count)
      LONGEST_RUN_SECONDS = tostring(var.timeout_seconds.worker)
    },
    !local.has_long_runs ? {} : {
      WATCH_QUEUE_URL = aws_sqs_queue.watch[0].url
      MAX_RUN_SECONDS = tostring(var.max_run_seconds)
      ON_STOP         = var.on_stop
    },
  )
}

module "authorizer" {
  source = "./modules/function"
  count  = var.auth == "jwt" ? 1 : 0

  name        = "${local.name}-authorizer"
  role_name   = "${local.name}-authorizer-${local.region}"
  description = "Checks the token of a new connection"
  archive     = "${local.artifacts_dir}/authorizer/bootstrap.zip"
  memory_mb   = var.memory_mb.authorizer
  timeout     = var.timeout_seconds.authorizer
  statements  = []
  settings    = local.function_settings

  environment = merge(
    {
      JWT_ISSUER         = var.jwt_issuer
      JWT_AUDIENCES      = join(",", var.jwt_audiences)
      JWT_CLIENTS        = join(",", var.jwt_clients)
      JWT_TOKEN_IN_QUERY = tostring(var.jwt_token_in_query)
    },
    var.jwt_jwks_url == "" ? {} : { JWT_JWKS_URL = var.jwt_jwks_url },
  )
}

# Batch size 1, because a batch of a FIFO queue locks all its sessions until its slowest run has ended.
resource "aws_lambda_event_source_mapping" "prompts" {
  region                  = var.aws_region
  event_source_arn        = aws_sqs_queue.prompts.arn
  function_name           = module.worker.arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}

# A batch is ended within seconds, so a few sessions may share one.
resource "aws_lambda_event_source_mapping" "given_up" {
  region                  = var.aws_region
  event_source_arn        = aws_sqs_queue.given_up.arn
  function_name           = module.closer.arn
  batch_size              = 5
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = local.given_up_concurrency
  }
}

# A batch is relayed within seconds, and as a whole: what an agent says while one is at work becomes the next.
resource "aws_lambda_event_source_mapping" "replies" {
  count = local.has_long_runs ? 1 : 0

  region                  = var.aws_region
  event_source_arn        = aws_sqs_queue.replies[0].arn
  function_name           = module.relay[0].arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}

resource "aws_lambda_event_source_mapping" "watch" {
  count = local.has_long_runs ? 1 : 0

  region                  = var.aws_region
  event_source_arn        = aws_sqs_queue.watch[0].arn
  function_name           = module.closer.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = local.watch_concurrency
  }
}
