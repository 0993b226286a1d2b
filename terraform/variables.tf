# Every rule that AWS or the functions would enforce later is stated here, so that a plan fails and not an apply.

# --- Agents

variable "agentcore_runtime_arn" {
  description = "ARN of the AgentCore runtime behind the agent `default`. Shorthand for `agents = { default = { runtime_arn = \"…\" } }`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.agentcore_runtime_arn == "" || can(regex("^arn:aws(-[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:runtime/[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}$", var.agentcore_runtime_arn))
    error_message = "agentcore_runtime_arn must have the form arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime/NAME-ID, without /runtime-endpoint/."
  }

  validation {
    condition     = var.agentcore_runtime_arn == "" || !contains(keys(var.agents), "default")
    error_message = "agentcore_runtime_arn names the agent \"default\", so agents must not have an entry \"default\" too."
  }
}

variable "agents" {
  description = "The agents: `{ name = { runtime_arn = \"…\", endpoint_name = \"DEFAULT\", long_runs = false } }`; all but the ARN may be left out. With `long_runs` the agent may go on by itself after its call (docs/long-runs.md). A prompt that names none goes to `default`. With none at all the worker answers by its built-in echo agent."
  type = map(object({
    runtime_arn   = string
    endpoint_name = optional(string, "DEFAULT")
    long_runs     = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.agents) : can(regex("^[A-Za-z0-9_-]{1,64}$", name))])
    error_message = "The name of an agent must be 1 to 64 characters of A-Z a-z 0-9 _ -."
  }

  validation {
    condition     = alltrue([for agent in values(var.agents) : can(regex("^arn:aws(-[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:runtime/[a-zA-Z][a-zA-Z0-9_]{0,47}-[a-zA-Z0-9]{10}$", agent.runtime_arn))])
    error_message = "The runtime_arn of an agent must have the form arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime/NAME-ID, without /runtime-endpoint/ (that is endpoint_name)."
  }

  validation {
    condition     = alltrue([for agent in values(var.agents) : can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,47}$", agent.endpoint_name))])
    error_message = "The endpoint_name of an agent must be a letter and up to 47 letters, digits and underscores."
  }

  validation {
    # As the functions are told of them.
    condition = length(jsonencode({ for name, agent in var.agents : name => merge(
      { runtime_arn = agent.runtime_arn, endpoint_name = agent.endpoint_name },
      agent.long_runs ? { long_runs = true } : {},
    ) })) <= 3072
    error_message = "agents must be at most 3,072 characters of JSON: the environment of a function holds 4 KB in all."
  }
}

variable "agentcore_endpoint_url" {
  description = "Where AgentCore is called instead of AWS's own endpoint, for tests. Empty: AWS's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.agentcore_endpoint_url == "" || can(regex("^(https://[^/?#@\\s]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?)/?$", var.agentcore_endpoint_url))
    error_message = "agentcore_endpoint_url must be https://HOST, or http:// on a loopback address, without a path."
  }
}

variable "replies_endpoint_url" {
  description = "Where agents with `long_runs` reach SQS instead of AWS's own endpoint, for tests. Empty: AWS's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.replies_endpoint_url == "" || can(regex("^(https://[^/?#@\\s]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?)/?$", var.replies_endpoint_url))
    error_message = "replies_endpoint_url must be https://HOST, or http:// on a loopback address, without a path."
  }
}

# --- Who may connect

variable "auth" {
  description = "Who may connect: `jwt` (a token that the authorizer function checks), `iam` (signed requests) or `none` (everybody). Has to be chosen."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["none", "iam", "jwt"], var.auth)
    error_message = "auth must be \"none\", \"iam\" or \"jwt\"."
  }
}

variable "jwt_issuer" {
  description = "Issuer (`iss`) of the tokens. Required with `auth = \"jwt\"`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = (var.auth == "jwt") == (var.jwt_issuer != "")
    error_message = "jwt_issuer is required with auth = \"jwt\", and has no meaning with any other."
  }

  validation {
    condition     = var.jwt_issuer == "" || can(regex("^(https://[^/?#@\\s]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?)(/[^?#\\s]*)?$", var.jwt_issuer))
    error_message = "jwt_issuer must be an https:// URL (or, for tests, http:// on a loopback address) without query and fragment."
  }
}

variable "jwt_audiences" {
  description = "Audiences: a token is good if its `aud` is or holds one of them. With `auth = \"jwt\"` this or `jwt_clients` is required. What to give for which identity provider is in docs/identity.md."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = var.auth == "jwt" || length(var.jwt_audiences) == 0
    error_message = "jwt_audiences has a meaning with auth = \"jwt\" only."
  }

  validation {
    condition     = var.auth != "jwt" || length(var.jwt_audiences) + length(var.jwt_clients) > 0
    error_message = "jwt_audiences or jwt_clients is required with auth = \"jwt\": without either no token would be good."
  }

  validation {
    condition     = alltrue([for audience in var.jwt_audiences : can(regex("^[^\\s,]+$", audience))])
    error_message = "An audience must be a name without white space and commas."
  }

  validation {
    condition     = length(join(",", concat(var.jwt_audiences, var.jwt_clients))) <= 2048
    error_message = "jwt_audiences and jwt_clients must be at most 2,048 characters: the environment of a function holds 4 KB in all."
  }
}

variable "jwt_clients" {
  description = "Clients whose tokens are good though they have no `aud`: their `client_id`, else their `azp`, is one of these. For access tokens of Amazon Cognito and session tokens of Clerk; a `token_use`, where there is one, must be `access`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = var.auth == "jwt" || length(var.jwt_clients) == 0
    error_message = "jwt_clients has a meaning with auth = \"jwt\" only."
  }

  validation {
    condition     = alltrue([for client in var.jwt_clients : can(regex("^[^\\s,]+$", client))])
    error_message = "A client must be a name without white space and commas."
  }
}

variable "jwt_jwks_url" {
  description = "Where the issuer's keys are. Empty: found by OIDC discovery at `<jwt_issuer>/.well-known/openid-configuration`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.auth == "jwt" || var.jwt_jwks_url == ""
    error_message = "jwt_jwks_url has a meaning with auth = \"jwt\" only."
  }

  validation {
    condition     = var.jwt_jwks_url == "" || can(regex("^(https://[^/?#@\\s]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?)(/[^#\\s]*)?$", var.jwt_jwks_url))
    error_message = "jwt_jwks_url must be an https:// URL (or, for tests, http:// on a loopback address) without fragment."
  }
}

variable "jwt_token_in_query" {
  description = "Whether the token may also come as `?token=`. Addresses end up in logs and histories: leave it off if the client can send a header or a subprotocol."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = var.auth == "jwt" || !var.jwt_token_in_query
    error_message = "jwt_token_in_query has a meaning with auth = \"jwt\" only."
  }
}

variable "allowed_origins" {
  description = "Origins whose pages may connect, such as `https://app.example.com`; `*` for all. Empty: no browser's page. Clients that send no `Origin` are not concerned; apps send one too, see `docs/protocol.md`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.allowed_origins : can(regex("^(\\*|null|file://|[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#\\s,]+)$", origin))])
    error_message = "An origin must be scheme://host or scheme://host:port without a path, \"null\", or \"*\" for any."
  }
}

# --- Names and places

variable "aws_region" {
  description = "Region of the resources. Null: the provider's, which `AWS_REGION` sets."
  type        = string
  default     = null

  validation {
    condition     = var.aws_region == null || can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be the name of a region, such as eu-central-1."
  }
}

variable "project_name" {
  description = "First part of the name of every resource."
  type        = string
  default     = "agentcore-gateway"
  nullable    = false

  validation {
    # The longest name is that of a role, 64 characters: project-stage-connections-region.
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.project_name))
    error_message = "project_name must be a small letter and up to 23 small letters, digits and hyphens."
  }
}

variable "stage_name" {
  description = "Second part of the name of every resource, and the path of the WebSocket's address."
  type        = string
  default     = "prod"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,12}$", var.stage_name))
    error_message = "stage_name must be 1 to 12 characters of A-Z a-z 0-9 _ -."
  }
}

variable "tags" {
  description = "Tags of every resource that can have some."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : length(key) >= 1 && length(key) <= 128 && length(value) <= 256 && !startswith(lower(key), "aws:")])
    error_message = "A tag must have a key of 1 to 128 characters that does not begin with aws:, and a value of at most 256."
  }
}

# --- Functions

variable "artifacts_dir" {
  description = "Folder with `<function>/bootstrap.zip` for each function. Null: `target/lambda` of the checkout that this configuration is part of."
  type        = string
  default     = null

  validation {
    condition     = var.artifacts_dir != ""
    error_message = "artifacts_dir must be a folder, or null."
  }
}

variable "architecture" {
  description = "What the functions are compiled for: `arm64` (20 % cheaper) or `x86_64`."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be \"arm64\" or \"x86_64\"."
  }
}

variable "memory_mb" {
  description = "Memory of each function in MiB: message, connections and authorizer 256, worker, relay and closer 128. Processor time grows with it. The worker mostly waits, and its price is memory times waiting."
  type = object({
    message     = optional(number, 256)
    connections = optional(number, 256)
    worker      = optional(number, 128)
    relay       = optional(number, 128)
    closer      = optional(number, 128)
    authorizer  = optional(number, 256)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for size in values(var.memory_mb) : size >= 128 && size <= 10240 && floor(size) == size])
    error_message = "The memory of a function must be a whole number from 128 to 10240 (MiB)."
  }
}

variable "timeout_seconds" {
  description = "How long each function may run: message and authorizer 10, relay 30, closer 60, connections 300, worker 900. The worker's bounds the length of a reply. `connections` may go on beyond the 29 s that API Gateway waits: a long replay does."
  type = object({
    message     = optional(number, 10)
    connections = optional(number, 300)
    worker      = optional(number, 900)
    relay       = optional(number, 30)
    closer      = optional(number, 60)
    authorizer  = optional(number, 10)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for timeout in values(var.timeout_seconds) : timeout >= 1 && timeout <= 900 && floor(timeout) == timeout])
    error_message = "The time-out of a function must be a whole number from 1 to 900 (seconds)."
  }

  validation {
    condition     = var.timeout_seconds.worker >= 30
    error_message = "The worker's time-out must be at least 30 s: it ends a run 10 s before, to have time to say so."
  }

  validation {
    condition     = var.timeout_seconds.relay >= 30
    error_message = "The relay's time-out must be at least 30 s: stopping an agent's session may take 15 s, and the table is tried for 5 s at a time."
  }

  validation {
    condition     = var.timeout_seconds.closer >= 30
    error_message = "The closer's time-out must be at least 30 s: it tries the table for 20 s, and has to tell the ending then."
  }
}

variable "maximum_concurrency" {
  description = "How many workers may run at once; further prompts wait in the queue. As many relays may run at once, where agents have `long_runs`."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000 && floor(var.maximum_concurrency) == var.maximum_concurrency
    error_message = "maximum_concurrency must be a whole number from 2 to 1000."
  }
}

variable "closer_reserved_concurrency" {
  description = "How many closers at once are kept from the account's concurrency, so that prompts get their ending while workers use up the rest; also their most. Null: none are kept, and 10 are the most."
  type        = number
  default     = null

  validation {
    condition     = var.closer_reserved_concurrency == null || try(var.closer_reserved_concurrency >= 2 && var.closer_reserved_concurrency <= 1000 && floor(var.closer_reserved_concurrency) == var.closer_reserved_concurrency, false)
    error_message = "closer_reserved_concurrency must be a whole number from 2 to 1000, or null."
  }

  validation {
    condition     = try(var.closer_reserved_concurrency >= 4, true) || !anytrue([for agent in values(var.agents) : agent.long_runs])
    error_message = "closer_reserved_concurrency must be at least 4 where agents have long_runs: two closers look after those, and AWS takes no queue's share below 2."
  }
}

variable "log_level" {
  description = "The least severe level that the functions log. `TRACE` shows no more than `DEBUG`: there the SDKs would log prompts."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARN or ERROR: at TRACE the AWS SDK logs whole requests, prompts and all."
  }
}

# --- Runs

variable "on_stop" {
  description = "What a stop does to the agent: `stop-session` stops its AgentCore session, `detach` lets it go on unheard."
  type        = string
  default     = "stop-session"
  nullable    = false

  validation {
    condition     = contains(["stop-session", "detach"], var.on_stop)
    error_message = "on_stop must be \"stop-session\" or \"detach\"."
  }
}

variable "stop_abandoned" {
  description = "Whether a run is stopped when the last connection to its session is gone, instead of going on for a client that comes back."
  type        = bool
  default     = false
  nullable    = false
}

variable "push_interval_ms" {
  description = "The shortest time between two frames of a reply to one connection. Messages are most of what a reply costs (docs/cost.md): 250 makes it less than half, and less like typing."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.push_interval_ms >= 20 && var.push_interval_ms <= 5000 && floor(var.push_interval_ms) == var.push_interval_ms
    error_message = "push_interval_ms must be a whole number from 20 to 5000."
  }
}

variable "max_wait_seconds" {
  description = "How long a prompt may wait in the queue. One that has waited longer is not run and fails with `busy`."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.max_wait_seconds >= 60 && var.max_wait_seconds <= 86400 && floor(var.max_wait_seconds) == var.max_wait_seconds
    error_message = "max_wait_seconds must be a whole number from 60 to 86400: a day is how long it is known which requests have run."
  }
}

variable "max_reply_bytes" {
  description = "The largest reply, in bytes of its events. A larger one fails with `output_too_large`."
  type        = number
  default     = 33554432
  nullable    = false

  validation {
    condition     = var.max_reply_bytes >= 1024 && var.max_reply_bytes <= 1073741824 && floor(var.max_reply_bytes) == var.max_reply_bytes
    error_message = "max_reply_bytes must be a whole number from 1024 to 1073741824."
  }
}

variable "max_run_seconds" {
  description = "How long a run of an agent with `long_runs` may take. One that takes longer fails with `deadline_exceeded`."
  type        = number
  default     = 28800
  nullable    = false

  validation {
    condition     = var.max_run_seconds >= 1 && var.max_run_seconds <= 28800 && floor(var.max_run_seconds) == var.max_run_seconds
    error_message = "max_run_seconds must be a whole number from 1 to 28800: an AgentCore session lives for 8 hours."
  }
}

variable "replay_window_seconds" {
  description = "How long after its end a reply can be resumed."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.replay_window_seconds >= 60 && var.replay_window_seconds <= 86400 && floor(var.replay_window_seconds) == var.replay_window_seconds
    error_message = "replay_window_seconds must be a whole number from 60 to 86400: a journal is kept for a day."
  }
}

variable "retry_window_seconds" {
  description = "How long a call is tried again that the agent's quotas refuse."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.retry_window_seconds >= 1 && var.retry_window_seconds < var.timeout_seconds.worker && floor(var.retry_window_seconds) == var.retry_window_seconds
    error_message = "retry_window_seconds must be a whole number from 1, and less than the worker's time-out."
  }
}

variable "silence_limit_seconds" {
  description = "How long an agent may send nothing before its run fails."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.silence_limit_seconds >= 1 && var.silence_limit_seconds <= var.timeout_seconds.worker && floor(var.silence_limit_seconds) == var.silence_limit_seconds
    error_message = "silence_limit_seconds must be a whole number from 1, and at most the worker's time-out."
  }
}

variable "event_bus_arn" {
  description = "ARN of an EventBridge bus that gets an event for each run that ends (docs/run-ended.md). Empty: none does."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.event_bus_arn == "" || can(regex("^arn:aws(-[a-z0-9-]+)?:events:[a-z0-9-]+:[0-9]{12}:event-bus/[.a-zA-Z0-9_-]{1,256}$", var.event_bus_arn))
    error_message = "event_bus_arn must have the form arn:aws:events:REGION:ACCOUNT:event-bus/NAME, and be no partner's bus."
  }
}

# --- Queues, uploads and table

variable "max_receive_count" {
  description = "How often a prompt may be received before it is given up: then the closer ends it. What the closer cannot end, as often again, becomes a dead letter."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 2 && var.max_receive_count <= 500 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count must be a whole number from 2 to 500: with 1 a worker's crash would lose the prompt."
  }
}

variable "message_retention_seconds" {
  description = "How long SQS keeps a prompt that waits, before it drops it unanswered: longer than `max_wait_seconds`, so that no prompt is dropped."
  type        = number
  default     = 345600
  nullable    = false

  validation {
    condition     = var.message_retention_seconds >= 3600 && var.message_retention_seconds <= 1209600 && floor(var.message_retention_seconds) == var.message_retention_seconds
    error_message = "message_retention_seconds must be a whole number from 3600 (an hour) to 1209600 (14 days)."
  }

  validation {
    condition     = var.message_retention_seconds >= var.max_wait_seconds + var.timeout_seconds.worker
    error_message = "message_retention_seconds must be at least max_wait_seconds and the worker's time-out together: SQS would drop a prompt that waits for a run before it can fail with busy."
  }
}

variable "max_upload_bytes" {
  description = "How many bytes a prompt may have that is uploaded instead of sent. 0: there are no uploads, and no bucket. More than the default needs more memory for the worker, which holds an upload and what it makes of it."
  type        = number
  default     = 20000000
  nullable    = false

  validation {
    condition     = var.max_upload_bytes >= 0 && var.max_upload_bytes <= 100000000 && floor(var.max_upload_bytes) == var.max_upload_bytes
    error_message = "max_upload_bytes must be a whole number from 0 to 100000000: AgentCore takes no larger request."
  }

  validation {
    # 64 MiB for the program and its replies, and room for an upload three times over.
    condition     = 3 * var.max_upload_bytes <= (var.memory_mb.worker - 64) * 1048576
    error_message = "max_upload_bytes must be at most a third of the worker's memory beyond 64 MiB: give the worker more memory, in memory_mb."
  }
}

variable "table_deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table. Off by default, for the table holds a day of sessions and nothing that lasts; turn it on where losing those would hurt."
  type        = bool
  default     = false
  nullable    = false
}

# --- API

variable "throttling_rate_limit" {
  description = "Messages per second that the stage takes of all clients together. The account's limit, 10,000, is shared with the frames pushed to them."
  type        = number
  default     = 500
  nullable    = false

  validation {
    condition     = var.throttling_rate_limit > 0 && var.throttling_rate_limit <= 10000
    error_message = "throttling_rate_limit must be more than 0 and at most 10000."
  }
}

variable "throttling_burst_limit" {
  description = "Messages that may come at once beyond the rate."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.throttling_burst_limit >= 1 && var.throttling_burst_limit <= 5000 && floor(var.throttling_burst_limit) == var.throttling_burst_limit
    error_message = "throttling_burst_limit must be a whole number from 1 to 5000."
  }
}

variable "domain_name" {
  description = "Domain name for clients, such as `gateway.example.com`. Empty: API Gateway's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.domain_name == "" || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain_name))
    error_message = "domain_name must be a domain name in small letters, such as gateway.example.com."
  }
}

variable "domain_certificate_arn" {
  description = "ARN of the domain's certificate in ACM, in the same region. Required with `domain_name`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = (var.domain_name == "") == (var.domain_certificate_arn == "")
    error_message = "domain_certificate_arn is required with domain_name, and has no meaning without."
  }

  validation {
    condition     = var.domain_certificate_arn == "" || can(regex("^arn:aws(-[^:]+)?:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+$", var.domain_certificate_arn))
    error_message = "domain_certificate_arn must have the form arn:aws:acm:REGION:ACCOUNT:certificate/ID."
  }
}

variable "domain_hosted_zone_id" {
  description = "Route 53 zone in which the domain's record is made. Empty: you make it yourself, for the output `domain_target`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.domain_name != "" || var.domain_hosted_zone_id == ""
    error_message = "domain_hosted_zone_id has a meaning with domain_name only."
  }

  validation {
    condition     = var.domain_hosted_zone_id == "" || can(regex("^Z[A-Z0-9]{1,31}$", var.domain_hosted_zone_id))
    error_message = "domain_hosted_zone_id must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ."
  }
}

# --- Watching it

variable "access_logs" {
  description = "Whether API Gateway logs each connection and message, without contents. Needs a role that is set once for an account and region: see `manage_api_gateway_account`."
  type        = bool
  default     = true
  nullable    = false
}

variable "manage_api_gateway_account" {
  description = "Whether to set the role with which API Gateway writes logs. It is one setting for all APIs of the account in the region: turn it on only where nothing else sets it. Destroying empties it."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a period that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when an alarm is raised, and when it is over."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws(-[^:]+)?:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]{1,256}$", arn))])
    error_message = "An alarm topic must have the form arn:aws:sns:REGION:ACCOUNT:NAME, and be no FIFO topic: alarms cannot send to those."
  }
}
