# What each function may do: the whole policy, action by action.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  auth = "jwt"

  jwt_issuer            = "https://issuer.example.com"
  jwt_audience          = "gateway"
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
  agents = {
    research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", endpoint_name = "live" }
  }
}

run "each_function_may_do_its_part_and_nothing_else" {
  variables {
  }

  assert {
    condition = { for statement in jsondecode(module.message.policy).Statement : statement.Sid => [statement.Effect, statement.Action, statement.Resource] } == {
      Prompts = ["Allow", ["sqs:SendMessage"], ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-prompts.fifo"]]
      Log     = ["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:111122223333:log-group:some:log-stream:*"]]
      Trace   = ["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]]
    }
    error_message = "message may only send to the queue of prompts"
  }
}
