# The functions in a network of their own: what they call is reached by endpoints in it, and the rest by a NAT gateway.

variable "runtime_arn" {
  description = "ARN of the AgentCore runtime, in the same region."
  type        = string
}

variable "zones" {
  description = "Two availability zones of the region, such as `eu-central-1a`, so that one may fail."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) == 2
    error_message = "zones must be two different availability zones."
  }
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

  vpc = {
    subnet_ids         = values(aws_subnet.private)[*].id
    security_group_ids = [aws_security_group.functions.id]
  }

  # A function without a way out would wait for its time-out.
  depends_on = [aws_route.out, aws_vpc_endpoint.gateway, aws_vpc_endpoint.interface]
}

output "websocket_url" {
  description = "Where clients connect: API Gateway is outside the network."
  value       = module.gateway.websocket_url
}
