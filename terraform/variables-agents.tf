# The agents behind the gateway.

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
