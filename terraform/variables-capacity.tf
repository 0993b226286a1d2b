# What the worker runs on.

variable "worker_capacity" {
  description = "What the worker runs on: `lambda`, a run in each environment; or `managed-instances`, many runs in each, on EC2 instances of this account that Lambda manages. They are paid whether used or not, and cheaper from some ten million prompts a month on (docs/cost.md); and a run may take up to 90 minutes."
  type        = string
  default     = "lambda"
  nullable    = false

  validation {
    condition     = contains(["lambda", "managed-instances"], var.worker_capacity)
    error_message = "worker_capacity must be \"lambda\" or \"managed-instances\"."
  }

  validation {
    condition     = var.worker_capacity == "lambda" || var.reserved_concurrency.worker == null
    error_message = "reserved_concurrency.worker is for worker_capacity = \"lambda\": managed instances take nothing of the account's concurrency, and max_environments and max_runs bound them."
  }

  validation {
    condition     = var.worker_capacity == "lambda" || !contains(keys(var.function_versions), "worker")
    error_message = "function_versions cannot name the worker with worker_capacity = \"managed-instances\": there is one published version of it. Deploy the earlier release to roll back."
  }
}

variable "managed_instances" {
  description = "With `worker_capacity = \"managed-instances\"`. Where the instances are, if not in the network of `vpc`: `subnet_ids`, `security_group_ids`. Which they may be (`instance_types`; empty: Lambda chooses), and how many processors in all (`max_vcpus`). How many environments of the worker (`min_environments`, `max_environments`), how many runs at once in each (`max_runs`), and how much memory comes with a processor (`memory_gib_per_vcpu`: 2, 4 or 8). `operator_role_arn` is a role for Lambda to manage instances with; null: one is made."
  type = object({
    subnet_ids          = optional(list(string))
    security_group_ids  = optional(list(string))
    instance_types      = optional(list(string), [])
    max_vcpus           = optional(number, 32)
    min_environments    = optional(number, 3)
    max_environments    = optional(number, 16)
    max_runs            = optional(number, 250)
    memory_gib_per_vcpu = optional(number, 2)
    operator_role_arn   = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.worker_capacity == "lambda" || var.vpc != null || try(length(var.managed_instances.subnet_ids) > 0, false)
    error_message = "worker_capacity = \"managed-instances\" needs a network for the instances: managed_instances with subnet_ids and security_group_ids, or vpc."
  }

  validation {
    condition     = (var.managed_instances.subnet_ids == null) == (var.managed_instances.security_group_ids == null)
    error_message = "managed_instances needs both subnet_ids and security_group_ids, or neither."
  }

  validation {
    condition     = alltrue([for ids, most in { subnet_ids = 16, security_group_ids = 5 } : try(length(var.managed_instances[ids]) >= 1 && length(var.managed_instances[ids]) <= most, true)])
    error_message = "managed_instances needs 1 to 16 subnets and 1 to 5 security groups: more a capacity provider does not take."
  }

  validation {
    condition     = var.managed_instances.max_vcpus >= 2 && var.managed_instances.max_vcpus <= 15000 && floor(var.managed_instances.max_vcpus) == var.managed_instances.max_vcpus
    error_message = "max_vcpus of managed_instances must be a whole number from 2 to 15000."
  }

  validation {
    condition     = var.managed_instances.min_environments >= 1 && var.managed_instances.min_environments <= var.managed_instances.max_environments && floor(var.managed_instances.min_environments) == var.managed_instances.min_environments
    error_message = "min_environments of managed_instances must be a whole number from 1 to max_environments: with 0 no prompt would be run."
  }

  validation {
    condition     = var.managed_instances.max_environments <= 15000 && floor(var.managed_instances.max_environments) == var.managed_instances.max_environments
    error_message = "max_environments of managed_instances must be a whole number up to 15000."
  }

  validation {
    condition     = var.managed_instances.max_runs >= 1 && var.managed_instances.max_runs <= 1600 && floor(var.managed_instances.max_runs) == var.managed_instances.max_runs
    error_message = "max_runs of managed_instances must be a whole number from 1 to 1600: more at once Lambda gives no environment."
  }

  validation {
    condition     = contains([2, 4, 8], var.managed_instances.memory_gib_per_vcpu)
    error_message = "memory_gib_per_vcpu of managed_instances must be 2, 4 or 8."
  }

  validation {
    condition     = var.managed_instances.operator_role_arn == null || can(regex("^arn:aws(-[a-z0-9-]+)?:iam::[0-9]{12}:role/.+$", var.managed_instances.operator_role_arn))
    error_message = "operator_role_arn of managed_instances must be the ARN of a role."
  }

  validation {
    condition     = var.worker_capacity == "lambda" || var.maximum_concurrency <= var.managed_instances.max_environments * var.managed_instances.max_runs
    error_message = "maximum_concurrency must be at most max_environments x max_runs of managed_instances: more runs would be begun than there is room for, and a prompt that is refused too often is given up."
  }
}
