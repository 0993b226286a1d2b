# How a prompt is run.

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
  description = "The time between two frames of a reply to one connection at the reply's beginning, in milliseconds. Messages are most of what a reply costs."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.push_interval_ms >= 20 && var.push_interval_ms <= 5000 && floor(var.push_interval_ms) == var.push_interval_ms
    error_message = "push_interval_ms must be a whole number from 20 to 5000."
  }
}

variable "max_push_interval_ms" {
  description = "The time between two frames of a reply later on, in milliseconds: a quarter of the reply's age, up to so much. As long as `push_interval_ms`, it makes the pace constant. Null: 1000, or `push_interval_ms` if that is more."
  type        = number
  default     = null

  validation {
    condition     = var.max_push_interval_ms == null || try(var.max_push_interval_ms >= var.push_interval_ms && var.max_push_interval_ms <= 5000 && floor(var.max_push_interval_ms) == var.max_push_interval_ms, false)
    error_message = "max_push_interval_ms must be a whole number from push_interval_ms (${var.push_interval_ms}) to 5000, or null."
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
