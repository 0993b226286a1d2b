# All that a platform team may ask for: a release from a bucket, bounded roles, a key of one's own, a domain that is the only way
# in, kept concurrency, logs, and somebody to tell.

variable "runtime_arn" {
  description = "ARN of the AgentCore runtime."
  type        = string
}

variable "release" {
  description = "The release in S3: bucket, prefix and version."
  type        = object({ bucket = string, prefix = optional(string, ""), version = string })
}

variable "jwt_issuer" {
  description = "Issuer of the tokens."
  type        = string
}

variable "domain" {
  description = "The domain: its name, the ARN of its certificate, and the hosted zone for its records."
  type        = object({ name = string, certificate_arn = string, hosted_zone_id = string })
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds roles in this account."
  type        = string
}

module "gateway" {
  source = "../.."

  project_name = "assistant"
  stage_name   = "live"
  tags         = { service = "assistant" }

  archives              = var.release
  agentcore_runtime_arn = var.runtime_arn

  auth            = "jwt"
  jwt_issuer      = var.jwt_issuer
  jwt_audiences   = ["assistant"]
  allowed_origins = ["https://app.example.com"]

  domain_name                  = var.domain.name
  domain_certificate_arn       = var.domain.certificate_arn
  domain_hosted_zone_id        = var.domain.hosted_zone_id
  api_mapping_key              = "assistant"
  disable_execute_api_endpoint = true
  ip_address_type              = "dualstack"

  permissions_boundary_arn = var.permissions_boundary_arn
  role_path                = "/assistant/"

  kms_key_arns = {
    table       = aws_kms_key.gateway.arn
    queues      = aws_kms_key.gateway.arn
    uploads     = aws_kms_key.gateway.arn
    logs        = aws_kms_key.gateway.arn
    environment = aws_kms_key.gateway.arn
  }

  maximum_concurrency     = 200
  reserved_concurrency    = { message = 50, connections = 100, worker = 200, closer = 4, authorizer = 50 }
  provisioned_concurrency = { message = 2, connections = 2 }
  route_throttling        = { connect = { rate_limit = 100, burst_limit = 200 } }

  table_deletion_protection   = true
  point_in_time_recovery_days = 7

  access_logs                = true
  manage_api_gateway_account = true
  log_retention_days         = 90
  alarm_topic_arns           = [aws_sns_topic.on_call.arn]
  event_bus_arn              = aws_cloudwatch_event_bus.runs.arn
}

resource "aws_cloudwatch_event_bus" "runs" {
  name = "assistant-runs"
}

# Alarms send to it in CloudWatch's name, which the key has to allow.
resource "aws_sns_topic" "on_call" {
  name              = "assistant-on-call"
  kms_master_key_id = aws_kms_key.gateway.arn
}

output "websocket_url" {
  description = "Where clients connect."
  value       = module.gateway.websocket_url
}

output "function_versions" {
  description = "What to give `function_versions` to come back to what runs now."
  value       = module.gateway.function_versions
}
