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

  # By what makes them of use, so that the functions come after it. A `depends_on` of the module would let each change of the
  # network make its roles anew.
  vpc = {
    subnet_ids         = values(aws_route_table_association.private)[*].subnet_id
    security_group_ids = [aws_vpc_security_group_egress_rule.functions.security_group_id]
  }
}

output "websocket_url" {
  description = "Where clients connect: API Gateway is outside the network."
  value       = module.gateway.websocket_url
}
