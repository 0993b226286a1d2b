# The functions: where their programs are, and how they run.

variable "artifacts_dir" {
  description = "Folder with `<architecture>/<function>/bootstrap.zip` for each function. Null: `target/lambda` of the checkout that this configuration is part of, where `make lambda` builds."
  type        = string
  default     = null

  validation {
    condition     = var.artifacts_dir != ""
    error_message = "artifacts_dir must be a folder, or null."
  }
}

variable "archives" {
  description = "Where a release is in S3 (`make release`), instead of built here: `{ bucket = \"…\", prefix = \"gateway\", version = \"1.2.0\" }` stands for `gateway/1.2.0/<architecture>/<function>.zip`. The bucket has to be in the gateway's region."
  type = object({
    bucket  = string
    prefix  = optional(string, "")
    version = string
  })
  default = null

  validation {
    condition     = var.archives == null || var.artifacts_dir == null
    error_message = "archives and artifacts_dir both say where the functions are: set one of them."
  }

  validation {
    condition     = var.archives == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.archives.bucket))
    error_message = "The bucket of archives must be the name of a bucket."
  }

  validation {
    condition     = var.archives == null || can(regex("^[A-Za-z0-9._+-]{1,64}$", var.archives.version)) && !can(regex("^/|/$", var.archives.prefix))
    error_message = "archives must have a version of 1 to 64 characters of A-Z a-z 0-9 . _ + -, and a prefix without a slash at its ends."
  }
}

variable "function_versions" {
  description = "Versions of functions that run instead of the newest, such as `{ worker = \"7\" }`, to roll back: the output `function_versions` says which ran. A version is a program with its settings, as it was."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, version in var.function_versions : contains(["message", "connections", "worker", "relay", "closer", "authorizer"], name) && can(regex("^[1-9][0-9]*$", version))])
    error_message = "function_versions must name functions (message, connections, worker, relay, closer, authorizer), each with the number of a version."
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
  description = "Memory of each function in MiB: message, connections and authorizer 256, worker, relay and closer 128; on managed instances 2048 for an environment of the worker. Processor time grows with it. The worker mostly waits, and its price is memory times waiting."
  type = object({
    message     = optional(number, 256)
    connections = optional(number, 256)
    worker      = optional(number)
    relay       = optional(number, 128)
    closer      = optional(number, 128)
    authorizer  = optional(number, 256)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, size in var.memory_mb : size == null || try(size >= 128 && (size <= 10240 || name == "worker" && var.worker_capacity != "lambda") && floor(size) == size, false)])
    error_message = "The memory of a function must be a whole number from 128 to 10240 (MiB)."
  }

  validation {
    condition     = var.worker_capacity == "lambda" || try(var.memory_mb.worker >= 2048 && var.memory_mb.worker <= 32768, var.memory_mb.worker == null)
    error_message = "The worker's memory on managed instances must be from 2048 to 32768 (MiB)."
  }
}

variable "timeout_seconds" {
  description = "How long each function may run: message and authorizer 10, relay 30, closer 60, connections 300, worker 900, or up to 5400 on managed instances. The worker's bounds the length of a reply. `connections` may go on beyond the 29 s that API Gateway waits: a long replay does."
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
    condition     = alltrue([for name, timeout in var.timeout_seconds : timeout >= 1 && timeout <= (name == "worker" && var.worker_capacity != "lambda" ? 5400 : 900) && floor(timeout) == timeout])
    error_message = "The time-out of a function must be a whole number from 1 to 900 (seconds); of the worker on managed instances to 5400."
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

variable "reserved_concurrency" {
  description = "How many invocations at once are kept from the account's concurrency for each function, and are its most: `{ connections = 50, worker = 100 }`. A function that is left out shares what nobody keeps. The closer's are for prompts to get their ending while workers use up the rest; without, 10 are its most."
  type = object({
    message     = optional(number)
    connections = optional(number)
    worker      = optional(number)
    relay       = optional(number)
    closer      = optional(number)
    authorizer  = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for count in values(var.reserved_concurrency) : count == null || try(count >= 1 && floor(count) == count, false)])
    error_message = "The reserved concurrency of a function must be a whole number from 1: with 0 it would never run."
  }

  validation {
    condition     = try(var.maximum_concurrency <= var.reserved_concurrency.worker, true)
    error_message = "The worker's reserved concurrency must be at least maximum_concurrency: more workers would be started than may run, and a prompt that is refused too often is given up."
  }

  validation {
    condition     = try(var.maximum_concurrency <= var.reserved_concurrency.relay, true)
    error_message = "The relay's reserved concurrency must be at least maximum_concurrency, which bounds relays too."
  }

  validation {
    condition     = try(var.reserved_concurrency.closer >= 2 && var.reserved_concurrency.closer <= 1000, true)
    error_message = "The closer's reserved concurrency must be from 2 to 1000: AWS takes no queue's share below 2 and none above 1000."
  }

  validation {
    condition     = try(var.reserved_concurrency.closer >= 4, true) || !anytrue([for agent in values(var.agents) : agent.long_runs])
    error_message = "The closer's reserved concurrency must be at least 4 where agents have long_runs: two closers look after those, and AWS takes no queue's share below 2."
  }
}

variable "provisioned_concurrency" {
  description = "How many environments of a function are kept ready, paid whether used or not: `{ message = 2, connections = 2 }`. A function starts in some 20 ms without, so this is for who counts them."
  type = object({
    message     = optional(number, 0)
    connections = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for count in values(var.provisioned_concurrency) : count >= 0 && floor(count) == count])
    error_message = "The provisioned concurrency of a function must be a whole number, or 0 for none."
  }

  validation {
    condition     = alltrue([for name, count in var.provisioned_concurrency : try(count <= var.reserved_concurrency[name], true)])
    error_message = "The provisioned concurrency of a function must be at most its reserved concurrency."
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
