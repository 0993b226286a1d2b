# The WebSocket API and its address.

variable "route_throttling" {
  description = "How much of all clients together a route takes: `rate_limit` a second, and `burst_limit` at once beyond the rate. API Gateway counts for each route by itself: `connect` is `$connect` (200 and 400), `ping` is pings (500 and 1000), `default` each other route (500 and 1000). The account's limits are 500 new connections a second, and 10,000 messages a second, which the frames pushed to clients share."
  type = object({
    default = optional(object({ rate_limit = optional(number, 500), burst_limit = optional(number, 1000) }), {})
    connect = optional(object({ rate_limit = optional(number, 200), burst_limit = optional(number, 400) }), {})
    ping    = optional(object({ rate_limit = optional(number, 500), burst_limit = optional(number, 1000) }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for limit in values(var.route_throttling)[*].rate_limit : limit > 0 && limit <= 10000])
    error_message = "A rate_limit must be more than 0 and at most 10000."
  }

  validation {
    condition     = alltrue([for limit in values(var.route_throttling)[*].burst_limit : limit >= 1 && limit <= 5000 && floor(limit) == limit])
    error_message = "A burst_limit must be a whole number from 1 to 5000."
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

variable "api_mapping_key" {
  description = "Path under which the gateway is at the domain, such as `chat` for `wss://gateway.example.com/chat`, so that several APIs share one. Empty: it has the domain for itself."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.domain_name != "" || var.api_mapping_key == ""
    error_message = "api_mapping_key has a meaning with domain_name only."
  }

  validation {
    condition     = can(regex("^[a-zA-Z0-9$_.+!*'()/-]{0,300}$", var.api_mapping_key)) && !can(regex("^/|/$|//|@", var.api_mapping_key))
    error_message = "api_mapping_key must be at most 300 characters of A-Z a-z 0-9 and $-_.+!*'()/, without a slash at its ends."
  }
}

variable "disable_execute_api_endpoint" {
  description = "Whether API Gateway's own address is turned off, so that the domain is the only way in. Frames are then pushed through the domain too."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.disable_execute_api_endpoint || var.domain_name != ""
    error_message = "disable_execute_api_endpoint needs domain_name: nobody could connect."
  }
}

variable "ip_address_type" {
  description = "What clients can reach the API and its domain by: `ipv4`, or `dualstack` for IPv6 too. With the latter the domain also gets an AAAA record."
  type        = string
  default     = "ipv4"
  nullable    = false

  validation {
    condition     = contains(["ipv4", "dualstack"], var.ip_address_type)
    error_message = "ip_address_type must be \"ipv4\" or \"dualstack\"."
  }
}
