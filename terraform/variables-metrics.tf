# What the gateway measures, and what is made of it.

variable "metrics" {
  description = "Whether the functions write metrics (docs/metrics.md says which, docs/cost.md what they cost). Without them there are no alarms of failed runs and refused tokens, and the dashboard shows only what AWS measures."
  type        = bool
  default     = true
  nullable    = false
}

variable "dashboard" {
  description = "Whether to make a CloudWatch dashboard."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarm_thresholds" {
  description = "From which share on, in percent, failed runs and refused tokens raise an alarm; in five minutes, and if there are at least five of them."
  type = object({
    failed_runs_percent         = optional(number, 10)
    authorizer_refusals_percent = optional(number, 50)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for percent in values(var.alarm_thresholds) : percent >= 0 && percent < 100])
    error_message = "A threshold in alarm_thresholds must be a share in percent, from 0 to less than 100."
  }
}
