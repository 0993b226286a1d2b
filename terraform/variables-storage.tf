# Queues, uploads and the table.

variable "max_receive_count" {
  description = "How often a prompt may be received before it is given up: then the closer ends it. What the closer cannot end, as often again, becomes a dead letter."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_receive_count >= 2 && var.max_receive_count <= 500 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count must be a whole number from 2 to 500: with 1 a worker's crash would lose the prompt."
  }
}

variable "message_retention_seconds" {
  description = "How long SQS keeps a prompt that waits, before it drops it unanswered: longer than `max_wait_seconds`, so that no prompt is dropped."
  type        = number
  default     = 345600
  nullable    = false

  validation {
    condition     = var.message_retention_seconds >= 3600 && var.message_retention_seconds <= 1209600 && floor(var.message_retention_seconds) == var.message_retention_seconds
    error_message = "message_retention_seconds must be a whole number from 3600 (an hour) to 1209600 (14 days)."
  }

  validation {
    condition     = var.message_retention_seconds >= var.max_wait_seconds + var.timeout_seconds.worker
    error_message = "message_retention_seconds must be at least max_wait_seconds and the worker's time-out together: SQS would drop a prompt that waits for a run before it can fail with busy."
  }
}

variable "max_upload_bytes" {
  description = "How many bytes a prompt may have that is uploaded instead of sent. 0: there are no uploads, and no bucket. More than the default needs more memory for the worker, which holds an upload and what it makes of it."
  type        = number
  default     = 20000000
  nullable    = false

  validation {
    condition     = var.max_upload_bytes >= 0 && var.max_upload_bytes <= 100000000 && floor(var.max_upload_bytes) == var.max_upload_bytes
    error_message = "max_upload_bytes must be a whole number from 0 to 100000000: AgentCore takes no larger request."
  }

  validation {
    # 64 MiB for the program and its replies, and room for an upload three times over.
    condition     = 3 * var.max_upload_bytes <= (coalesce(var.memory_mb.worker, var.worker_capacity == "lambda" ? 128 : 2048) - 64) * 1048576
    error_message = "max_upload_bytes must be at most a third of the worker's memory beyond 64 MiB: give the worker more memory, in memory_mb."
  }
}

variable "point_in_time_recovery_days" {
  description = "To how long ago the table can be restored, 1 to 35 days; 0: not at all. So long what agents said outlives the day that the table keeps it."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.point_in_time_recovery_days >= 0 && var.point_in_time_recovery_days <= 35 && floor(var.point_in_time_recovery_days) == var.point_in_time_recovery_days
    error_message = "point_in_time_recovery_days must be a whole number from 0 to 35."
  }
}

variable "table_deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table. Off by default, for the table holds a day of sessions and nothing that lasts; turn it on where losing those would hurt."
  type        = bool
  default     = false
  nullable    = false
}
