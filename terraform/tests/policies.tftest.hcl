# What each function may do: the whole policy, action by action and resource by resource.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  auth          = "jwt"
  jwt_issuer    = "https://issuer.example.com"
  jwt_audiences = ["gateway"]
}

run "with_agents" {
  command = plan

  variables {
    agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
    agents = {
      research = {
        runtime_arn   = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789"
        endpoint_name = "live"
      }
    }
  }

  assert {
    condition = { for s in jsondecode(module.message.policy).Statement : s.Sid => [s.Effect, s.Action, s.Resource] } == {
      Prompts = ["Allow", ["sqs:SendMessage"], ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-prompts.fifo"]]
      Log     = ["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:111122223333:log-group:some:log-stream:*"]]
      Trace   = ["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]]
    }
    error_message = "message may send to the queue of prompts, and nothing else"
  }

  assert {
    condition = { for s in jsondecode(module.connections.policy).Statement : s.Sid => [s.Effect, s.Action, s.Resource] } == {
      Table   = ["Allow", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query", "dynamodb:DeleteItem"], ["arn:aws:dynamodb:eu-central-1:111122223333:table/agentcore-gateway-prod"]]
      Push    = ["Allow", ["execute-api:ManageConnections"], ["arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/POST/@connections/*"]]
      Uploads = ["Allow", ["s3:PutObject"], ["arn:aws:s3:::agentcore-gateway-prod-uploads-0000/uploads/*"]]
      Log     = ["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:111122223333:log-group:some:log-stream:*"]]
      Trace   = ["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]]
    }
    error_message = "connections may use the table and push, and put uploads, and nothing else"
  }

  assert {
    condition = { for s in jsondecode(module.worker.policy).Statement : s.Sid => [s.Effect, s.Action, s.Resource] } == {
      Table   = ["Allow", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"], ["arn:aws:dynamodb:eu-central-1:111122223333:table/agentcore-gateway-prod"]]
      Push    = ["Allow", ["execute-api:ManageConnections"], ["arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/POST/@connections/*"]]
      Prompts = ["Allow", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"], ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-prompts.fifo"]]
      Agents = ["Allow", ["bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:StopRuntimeSession"], [
        "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj",
        "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj/runtime-endpoint/DEFAULT",
        "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789",
        "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789/runtime-endpoint/live",
      ]]
      Uploads        = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::agentcore-gateway-prod-uploads-0000/uploads/*"]]
      MissingUploads = ["Allow", ["s3:ListBucket"], ["arn:aws:s3:::agentcore-gateway-prod-uploads-0000"]]
      Log            = ["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:111122223333:log-group:some:log-stream:*"]]
      Trace          = ["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]]
    }
    error_message = "worker may use table and queue, push, call the configured agents and read uploads, and nothing else"
  }

  assert {
    condition = { for s in jsondecode(module.closer.policy).Statement : s.Sid => [s.Effect, s.Action, s.Resource] } == {
      Table   = ["Allow", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"], ["arn:aws:dynamodb:eu-central-1:111122223333:table/agentcore-gateway-prod"]]
      Push    = ["Allow", ["execute-api:ManageConnections"], ["arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/POST/@connections/*"]]
      GivenUp = ["Allow", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"], ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-given-up.fifo"]]
      Log     = ["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:111122223333:log-group:some:log-stream:*"]]
      Trace   = ["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]]
    }
    error_message = "closer may use the table, its queue and push, and calls no agent"
  }

  assert {
    condition = { for s in jsondecode(module.authorizer[0].policy).Statement : s.Sid => [s.Effect, s.Action, s.Resource] } == {
      Log   = ["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:111122223333:log-group:some:log-stream:*"]]
      Trace = ["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]]
    }
    error_message = "authorizer may write its log and its trace, and nothing else"
  }

  assert {
    condition     = length(distinct(values(output.role_names))) == 5 && output.role_names.worker == "agentcore-gateway-prod-worker-eu-central-1"
    error_message = "Each function has a role of its own, with the region in its name"
  }
}

run "with_signed_requests" {
  command = plan

  variables {
    auth          = "iam"
    jwt_issuer    = ""
    jwt_audiences = []
  }

  expect_failures = [check.an_agent_is_configured]

  assert {
    condition = { for s in jsondecode(module.message.policy).Statement : s.Sid => s if s.Sid != "Log" && s.Sid != "Trace" } == {
      Prompts = {
        Sid      = "Prompts"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-prompts.fifo"]
      }
      Connections = {
        Sid       = "Connections"
        Effect    = "Allow"
        Action    = ["dynamodb:GetItem"]
        Resource  = ["arn:aws:dynamodb:eu-central-1:111122223333:table/agentcore-gateway-prod"]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["CONNECTION#*"] } }
      }
    }
    error_message = "With signed requests message may also read whose a connection is, and no other item"
  }
}

run "without_agents" {
  command = plan

  expect_failures = [check.an_agent_is_configured]

  assert {
    condition     = sort(jsondecode(module.worker.policy).Statement[*].Sid) == sort(["Table", "Push", "Prompts", "Uploads", "MissingUploads", "Log", "Trace"])
    error_message = "Without agents there is nothing on AgentCore to call"
  }
}

run "with_an_event_bus" {
  command = plan

  variables {
    agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
    event_bus_arn         = "arn:aws:events:us-west-2:444455556666:event-bus/runs"
  }

  assert {
    condition = { for name, function in local.functions : name => [for s in jsondecode(function.policy).Statement : [s.Effect, s.Action, s.Resource] if strcontains(jsonencode(s), "events:")] } == {
      message     = []
      authorizer  = []
      connections = [["Allow", ["events:PutEvents"], ["arn:aws:events:us-west-2:444455556666:event-bus/runs"]]]
      worker      = [["Allow", ["events:PutEvents"], ["arn:aws:events:us-west-2:444455556666:event-bus/runs"]]]
      closer      = [["Allow", ["events:PutEvents"], ["arn:aws:events:us-west-2:444455556666:event-bus/runs"]]]
    }
    error_message = "Functions that end runs may put events on that bus, no other function, and no other bus"
  }

  assert {
    condition     = { for name, function in local.functions : name => lookup(function.configuration.environment, "EVENT_BUS_ARN", "") if contains(keys(function.configuration.environment), "EVENT_BUS_ARN") } == { for name in ["connections", "worker", "closer"] : name => var.event_bus_arn }
    error_message = "Functions that may put events know on which bus"
  }
}
