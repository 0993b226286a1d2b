# That it plans, where nothing is known yet but what it says itself.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
}

run "it_plans" {
  command = plan

  variables {
    runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
  }
}
