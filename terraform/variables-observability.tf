# Logs and alarms.

variable "access_logs" {
  description = "Whether API Gateway logs each connection and message, without contents. Needs a role that is set once for an account and region, and the apply fails without: see `manage_api_gateway_account`."
  type        = bool
  default     = false
  nullable    = false
}

variable "manage_api_gateway_account" {
  description = "Whether to set the role with which API Gateway writes logs. It is one setting for all APIs of the account in the region: turn it on only where nothing else sets it. Destroying empties it."
  type        = bool
  default     = false
  nullable    = false
}

variable "detailed_metrics" {
  description = "Whether API Gateway's metrics are also kept by route."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a period that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_group_class" {
  description = "Class of the log groups: `STANDARD`, or `INFREQUENT_ACCESS` for half the price of writing, without metric filters, live tail and metrics that are written as log lines. For the first apply only: CloudWatch cannot change a group's class, and refuses a second group of one name."
  type        = string
  default     = "STANDARD"
  nullable    = false

  validation {
    condition     = contains(["STANDARD", "INFREQUENT_ACCESS"], var.log_group_class)
    error_message = "log_group_class must be \"STANDARD\" or \"INFREQUENT_ACCESS\"."
  }

  validation {
    condition     = var.log_group_class == "STANDARD" || !var.metrics
    error_message = "CloudWatch makes metrics only of lines in a STANDARD log group: with log_group_class = \"${var.log_group_class}\" set metrics = false."
  }
}

variable "xray_tracing" {
  description = "Whether Lambda traces the functions' calls in X-Ray."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when an alarm is raised, and when it is over."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws(-[^:]+)?:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]{1,256}$", arn))])
    error_message = "An alarm topic must have the form arn:aws:sns:REGION:ACCOUNT:NAME, and be no FIFO topic: alarms cannot send to those."
  }
}
