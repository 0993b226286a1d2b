# What things are called, and where they are.

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
