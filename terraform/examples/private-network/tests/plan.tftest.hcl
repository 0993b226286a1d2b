# That it plans, where nothing is known yet but what it says itself.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
}

run "it_plans" {
  command = plan

  variables {
    zones       = ["eu-central-1a", "eu-central-1b"]
    runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
  }

  assert {
    condition     = length(aws_subnet.private) == 2 && toset([for subnet in aws_subnet.private : subnet.availability_zone]) == toset(["eu-central-1a", "eu-central-1b"])
    error_message = "The functions are in two zones"
  }
}
