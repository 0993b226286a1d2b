# What the account's owners ask for: roles, keys and networks.

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds every role that is made. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws(-[^:]+)?:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must have the form arn:aws:iam::ACCOUNT:policy/NAME."
  }
}

variable "role_path" {
  description = "Path of every role that is made, such as `/gateway/`. For the first apply only: another path would make the roles anew, and IAM refuses a second role of one name."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-~]{1,510}/)?$", var.role_path))
    error_message = "role_path must begin and end with a slash, and be at most 512 characters."
  }
}

variable "existing_role_arns" {
  description = "Roles that are there already, by function: `{ worker = \"arn:aws:iam::…:role/…\" }`. Nothing is made for these: Lambda has to be allowed to assume them, and each needs what the output `function_policies` says."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.existing_role_arns) : contains(["message", "connections", "worker", "relay", "closer", "authorizer"], name)])
    error_message = "existing_role_arns must name functions: message, connections, worker, relay, closer, authorizer."
  }

  validation {
    condition     = alltrue([for arn in values(var.existing_role_arns) : can(regex("^arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+$", arn))])
    error_message = "A role must have the form arn:aws:iam::ACCOUNT:role/NAME."
  }
}

variable "kms_key_arns" {
  description = "Keys of your own, for `table`, `queues`, `uploads`, `logs` and the functions' `environment`, each by its ARN. What is left out is encrypted by a key of AWS. The functions' roles may then use them; what their own policies need is in docs/platform.md."
  type = object({
    table       = optional(string)
    queues      = optional(string)
    uploads     = optional(string)
    logs        = optional(string)
    environment = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in values(var.kms_key_arns) : arn == null || can(regex("^arn:aws(-[^:]+)?:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", arn))])
    error_message = "A key must have the form arn:aws:kms:REGION:ACCOUNT:key/ID: policies name keys, and not aliases."
  }

  validation {
    condition     = var.max_upload_bytes > 0 || var.kms_key_arns.uploads == null
    error_message = "A key for uploads has no meaning without uploads (max_upload_bytes = 0)."
  }
}

variable "vpc" {
  description = "Where the functions' network interfaces are, if they are to be in a network of yours. It needs ways to what the functions call: docs/platform.md. Null: in none."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0, false)
    error_message = "vpc needs a subnet and a security group at least."
  }
}
