# One function for each part of the work, and what it may do beyond writing its log and its trace is in policies.tf.
# Those that may give a run its ending are told of the event bus, and thereby may put events on it.
# The programs read their settings from the environment, and refuse to start when one is missing or wrong.

locals {
  function_settings = {
    region                   = var.aws_region
    function_arn_prefix      = "arn:${data.aws_partition.current.partition}:lambda:${local.region}:${data.aws_caller_identity.current.account_id}:function:"
    architecture             = var.architecture
    log_level                = var.log_level
    log_retention_days       = var.log_retention_days
    log_group_class          = var.log_group_class
    xray_tracing             = var.xray_tracing
    role_path                = var.role_path
    permissions_boundary_arn = var.permissions_boundary_arn
    kms_key_arns             = { environment = var.kms_key_arns.environment, logs = var.kms_key_arns.logs }
    vpc                      = var.vpc
    tags                     = var.tags
    # What agents and the event bus are called by are clients of the gateway's own, which cannot know the host names of every
    # partition. Without a namespace nothing is measured.
    environment = merge(
      { DNS_SUFFIX = data.aws_partition.current.dns_suffix },
      var.metrics ? { METRICS_NAMESPACE = local.metrics_namespace } : {},
    )
  }

  agentcore_environment = var.agentcore_endpoint_url == "" ? {} : { AGENTCORE_ENDPOINT_URL = var.agentcore_endpoint_url }

  # Whether there is one is known by its function's name; its ARN may be known only when it has been made.
  existing_roles = { for name, arn in var.existing_role_arns : name => { arn = arn } }

  # In S3 the version is part of the key, so another version is another program.
  archives = { for name in ["message", "connections", "worker", "relay", "closer", "authorizer"] : name => (
    var.archives == null
    ? { path = "${local.artifacts_dir}/${var.architecture}/${name}/bootstrap.zip", bucket = null, key = null }
    : { path = null, bucket = var.archives.bucket, key = join("/", compact([var.archives.prefix, var.archives.version, var.architecture, "${name}.zip"])) }
  ) }
}

module "message" {
  source = "./modules/function"

  name                    = "${local.name}-message"
  role_name               = "${local.name}-message-${local.region}"
  description             = "Checks a prompt and puts it into the queue"
  archive                 = local.archives.message
  existing_role           = lookup(local.existing_roles, "message", null)
  function_version        = lookup(var.function_versions, "message", null)
  provisioned_concurrency = var.provisioned_concurrency.message
  memory_mb               = var.memory_mb.message
  timeout                 = var.timeout_seconds.message
  reserved_concurrency    = var.reserved_concurrency.message
  statements              = local.message_statements
  settings                = local.function_settings

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

  name                    = "${local.name}-connections"
  role_name               = "${local.name}-connections-${local.region}"
  description             = "Connects, disconnects, resumes and stops"
  archive                 = local.archives.connections
  existing_role           = lookup(local.existing_roles, "connections", null)
  function_version        = lookup(var.function_versions, "connections", null)
  provisioned_concurrency = var.provisioned_concurrency.connections
  memory_mb               = var.memory_mb.connections
  timeout                 = var.timeout_seconds.connections
  reserved_concurrency    = var.reserved_concurrency.connections
  statements              = local.connections_statements
  settings                = local.function_settings

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

  name                 = "${local.name}-worker"
  role_name            = "${local.name}-worker-${local.region}"
  description          = "Calls the agent and pushes its reply"
  archive              = local.archives.worker
  existing_role        = lookup(local.existing_roles, "worker", null)
  function_version     = lookup(var.function_versions, "worker", null)
  memory_mb            = local.worker_memory_mb
  timeout              = var.timeout_seconds.worker
  reserved_concurrency = var.reserved_concurrency.worker
  statements           = local.worker_statements
  settings             = local.function_settings

  managed_instances = !local.has_managed_instances ? null : {
    capacity_provider_arn = aws_lambda_capacity_provider.worker[0].arn
    max_concurrency       = var.managed_instances.max_runs
    min_environments      = var.managed_instances.min_environments
    max_environments      = var.managed_instances.max_environments
    memory_gib_per_vcpu   = var.managed_instances.memory_gib_per_vcpu
  }

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
    var.max_push_interval_ms == null ? {} : { MAX_PUSH_INTERVAL_MS = tostring(var.max_push_interval_ms) },
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

  name                 = "${local.name}-relay"
  role_name            = "${local.name}-relay-${local.region}"
  description          = "Relays what agents say that go on by themselves"
  archive              = local.archives.relay
  existing_role        = lookup(local.existing_roles, "relay", null)
  function_version     = lookup(var.function_versions, "relay", null)
  memory_mb            = var.memory_mb.relay
  timeout              = var.timeout_seconds.relay
  reserved_concurrency = var.reserved_concurrency.relay
  statements           = local.relay_statements
  settings             = local.function_settings

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
  archive              = local.archives.closer
  existing_role        = lookup(local.existing_roles, "closer", null)
  function_version     = lookup(var.function_versions, "closer", null)
  memory_mb            = var.memory_mb.closer
  timeout              = var.timeout_seconds.closer
  reserved_concurrency = var.reserved_concurrency.closer
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

  name                 = "${local.name}-authorizer"
  role_name            = "${local.name}-authorizer-${local.region}"
  description          = "Checks the token of a new connection"
  archive              = local.archives.authorizer
  existing_role        = lookup(local.existing_roles, "authorizer", null)
  function_version     = lookup(var.function_versions, "authorizer", null)
  memory_mb            = var.memory_mb.authorizer
  timeout              = var.timeout_seconds.authorizer
  reserved_concurrency = var.reserved_concurrency.authorizer
  statements           = []
  settings             = local.function_settings

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
