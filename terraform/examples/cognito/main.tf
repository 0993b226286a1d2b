# People sign in at a Cognito user pool; the page sends their access tokens.

variable "runtime_arn" {
  description = "ARN of the AgentCore runtime."
  type        = string
}

variable "page_url" {
  description = "Origin of the page, such as `https://app.example.com`; Cognito leads back to it."
  type        = string
}

variable "artifacts_dir" {
  description = "Where the functions are, if not where `make lambda` builds them."
  type        = string
  default     = null
}

resource "aws_cognito_user_pool" "people" {
  name                     = "agentcore-gateway"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]

  # Who may use the agents is decided by whoever runs them.
  admin_create_user_config {
    allow_admin_create_user_only = true
  }
}

# A page keeps no secret, so it signs in by a code with a proof (PKCE).
resource "aws_cognito_user_pool_client" "page" {
  name                                 = "page"
  user_pool_id                         = aws_cognito_user_pool.people.id
  generate_secret                      = false
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["openid"]
  supported_identity_providers         = ["COGNITO"]
  callback_urls                        = [var.page_url]
  prevent_user_existence_errors        = "ENABLED"
}

module "gateway" {
  source = "../.."

  auth                  = "jwt"
  jwt_issuer            = "https://${aws_cognito_user_pool.people.endpoint}"
  jwt_clients           = [aws_cognito_user_pool_client.page.id]
  allowed_origins       = [var.page_url]
  agentcore_runtime_arn = var.runtime_arn
  artifacts_dir         = var.artifacts_dir
}

output "websocket_url" {
  description = "Where the page connects."
  value       = module.gateway.websocket_url
}

output "client_id" {
  description = "With what the page signs people in."
  value       = aws_cognito_user_pool_client.page.id
}
