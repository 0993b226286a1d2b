# The WebSocket API and its address.

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
