# Several agents behind one address: one answers unless a prompt names another, and one may go on by itself for hours.

variable "default_runtime_arn" {
  description = "ARN of the runtime of the agent that answers unless another is named."
  type        = string
}

variable "critic_runtime_arn" {
  description = "ARN of the runtime of the agent `critic`. It may be in another region."
  type        = string
}

variable "research_runtime_arn" {
  description = "ARN of the runtime of the agent `research`, which goes on after its call."
  type        = string
}

variable "research_role_name" {
  description = "Name of that runtime's execution role."
  type        = string
}

variable "artifacts_dir" {
  description = "Where the functions are, if not where `make lambda` builds them."
  type        = string
  default     = null
}

module "gateway" {
  source = "../.."

  auth          = "iam"
  artifacts_dir = var.artifacts_dir

  agents = {
    default  = { runtime_arn = var.default_runtime_arn }
    critic   = { runtime_arn = var.critic_runtime_arn, endpoint_name = "live" }
    research = { runtime_arn = var.research_runtime_arn, long_runs = true }
  }
}

# Its role is not the gateway's, so it is here that it may send.
resource "aws_iam_role_policy" "replies" {
  name   = "gateway-replies"
  role   = var.research_role_name
  policy = module.gateway.agent_policy_json
}

output "websocket_url" {
  description = "Where clients connect."
  value       = module.gateway.websocket_url
}

output "replies_queue_url" {
  description = "What the variable `GATEWAY_REPLY_QUEUE_URL` of the runtime of `research` has to be."
  value       = module.gateway.replies_queue_url
}
