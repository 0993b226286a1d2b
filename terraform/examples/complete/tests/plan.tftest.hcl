# That it plans, where nothing is known yet but what it says itself.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
}

run "it_plans" {
  command = plan

  variables {
    runtime_arn              = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
    release                  = { bucket = "releases", prefix = "gateway", version = "1.2.0" }
    jwt_issuer               = "https://issuer.example.com"
    domain                   = { name = "gateway.example.com", certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0123-4567", hosted_zone_id = "Z0123456789" }
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/bounds"
  }

  assert {
    condition     = output.websocket_url == "wss://gateway.example.com/assistant"
    error_message = "Clients connect to the domain"
  }
}
