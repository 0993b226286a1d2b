variable "name" {
  description = "Name of the function."
  type        = string
  nullable    = false
}

variable "role_name" {
  description = "Name of the role. Roles belong to no region, so it has to hold what keeps two regions apart."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.role_name) <= 64
    error_message = "The name of a role has at most 64 characters."
  }
}

variable "description" {
  description = "What the function does."
  type        = string
  nullable    = false
}

variable "existing_role" {
  description = "A role that is there already. Null: one is made."
  type        = object({ arn = string })
  default     = null
}

variable "archive" {
  description = "The zip with the program, named `bootstrap`: its path here, or its bucket and key."
  type = object({
    path   = optional(string)
    bucket = optional(string)
    key    = optional(string)
  })
  nullable = false
}

variable "function_version" {
  description = "The version that is called. Null: the newest."
  type        = string
  default     = null
}

variable "provisioned_concurrency" {
  description = "How many environments are kept ready. 0: none."
  type        = number
  default     = 0
  nullable    = false
}

variable "memory_mb" {
  description = "Memory in MiB."
  type        = number
  nullable    = false
}

variable "timeout" {
  description = "How long an invocation may run, in seconds."
  type        = number
  nullable    = false
}

variable "reserved_concurrency" {
  description = "How many invocations at once are kept for the function, and are its most. Null: none are kept."
  type        = number
  default     = null
}

variable "managed_instances" {
  description = "The capacity provider that the function runs on: how many invocations at once in each environment, how many environments, and how much memory comes with a processor. Null: it runs on Lambda's own."
  type = object({
    capacity_provider_arn = string
    max_concurrency       = number
    min_environments      = number
    max_environments      = number
    memory_gib_per_vcpu   = number
  })
  default = null
}

variable "environment" {
  description = "The settings that the program reads."
  type        = map(string)
  nullable    = false
}

variable "statements" {
  description = "What the function may do, beyond writing its log and its trace."
  type = list(object({
    sid        = string
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(list(string))), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for action in flatten(var.statements[*].actions) : can(regex("^[a-z0-9-]+:[A-Za-z]+$", action))])
    error_message = "An action is named in full, without a wildcard."
  }
}

variable "event_bus_arn" {
  description = "ARN of the event bus that the function tells of runs that it ends. Empty: it tells nobody."
  type        = string
  default     = ""
  nullable    = false
}

variable "settings" {
  description = "What all functions have in common."
  type = object({
    region = string
    # Behind it stands the function's name.
    function_arn_prefix      = string
    architecture             = string
    log_level                = string
    log_retention_days       = number
    log_group_class          = string
    xray_tracing             = bool
    role_path                = string
    permissions_boundary_arn = string
    kms_key_arns             = object({ environment = string, logs = string })
    vpc                      = object({ subnet_ids = list(string), security_group_ids = list(string) })
    tags                     = map(string)
    environment              = map(string)
  })
  nullable = false
}
