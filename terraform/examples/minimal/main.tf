# The least: one agent, and clients that sign their handshakes.

variable "runtime_arn" {
  description = "ARN of the AgentCore runtime."
  type        = string
}

variable "artifacts_dir" {
  description = "Where the functions are, if not where `make lambda` builds them."
  type        = string
  default     = null
}

module "gateway" {
  source = "../.."

  auth                  = "iam"
  agentcore_runtime_arn = var.runtime_arn
  artifacts_dir         = var.artifacts_dir
}

output "websocket_url" {
  description = "Where clients connect."
  value       = module.gateway.websocket_url
}

output "connect_route_arn" {
  description = "What clients need `execute-api:Invoke` on."
  value       = module.gateway.connect_route_arn
}
