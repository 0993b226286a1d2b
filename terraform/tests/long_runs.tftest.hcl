# Agents that go on by themselves: what is made for them, what may be done with it, and that none of it is there without.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  auth                  = "jwt"
  jwt_issuer            = "https://issuer.example.com"
  jwt_audiences         = ["gateway"]
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
  # What all functions are told for it is tested in metrics.tftest.hcl.
  metrics = false
}

run "without_long_runs" {
  command = plan

  variables {
    agents = { research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789" } }
  }

  assert {
    condition = (
      length(aws_sqs_queue.replies) == 0 && length(aws_sqs_queue.replies_dead_letters) == 0 &&
      length(aws_sqs_queue.watch) == 0 && length(aws_sqs_queue.watch_dead_letters) == 0 &&
      length(aws_sqs_queue_redrive_allow_policy.replies_dead_letters) == 0 && length(aws_sqs_queue_redrive_allow_policy.watch_dead_letters) == 0 &&
      length(module.relay) == 0 &&
      length(aws_lambda_event_source_mapping.replies) == 0 && length(aws_lambda_event_source_mapping.watch) == 0
    )
    error_message = "Without long runs there are no queues and no function for them"
  }

  assert {
    condition     = !strcontains(jsonencode([for function in values(local.functions) : [function.policy, function.configuration.environment]]), "replies") && !strcontains(jsonencode([for function in values(local.functions) : [function.policy, function.configuration.environment]]), "watch")
    error_message = "Without long runs no function knows of them"
  }

  assert {
    condition     = !strcontains(module.worker.configuration.environment.AGENTS, "long_runs") && !contains(keys(module.connections.configuration.environment), "ON_STOP") && !contains(keys(module.closer.configuration.environment), "ON_STOP")
    error_message = "Without long runs no function is told more than it was"
  }

  assert {
    condition     = output.replies_queue_url == null && output.agent_policy_json == null
    error_message = "Without long runs there is nothing to give to an agent"
  }
}

run "with_long_runs" {
  command = plan

  variables {
    agents = {
      research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", endpoint_name = "live", long_runs = true }
      critic   = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/critic-0123456789" }
    }
    event_bus_arn = "arn:aws:events:us-west-2:444455556666:event-bus/runs"
  }

  assert {
    condition = (
      aws_sqs_queue.replies[0].name == "agentcore-gateway-prod-replies.fifo" &&
      aws_sqs_queue.replies[0].fifo_queue &&
      aws_sqs_queue.replies[0].deduplication_scope == "messageGroup" &&
      aws_sqs_queue.replies[0].fifo_throughput_limit == "perMessageGroupId"
    )
    error_message = "Agents' messages are ordered in each run, with high throughput"
  }

  assert {
    condition     = !aws_sqs_queue.replies[0].content_based_deduplication
    error_message = "Equal events are not one event"
  }

  assert {
    condition     = aws_sqs_queue.replies[0].max_message_size == 1048576 && aws_sqs_queue.replies_dead_letters[0].max_message_size == 1048576
    error_message = "An agent may send what SQS takes as one message"
  }

  assert {
    condition     = aws_sqs_queue.replies[0].visibility_timeout_seconds == 60 && aws_sqs_queue.replies[0].visibility_timeout_seconds >= module.relay[0].configuration.timeout
    error_message = "Messages must not come again while their relay may still be at work"
  }

  assert {
    condition = (
      try(jsondecode(aws_sqs_queue.replies[0].redrive_policy), null) == {
        deadLetterTargetArn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-replies-dead-letters.fifo"
        maxReceiveCount     = 1000
      } &&
      2 * try(jsondecode(aws_sqs_queue.replies[0].redrive_policy).maxReceiveCount, 0) > 2 * module.worker.configuration.timeout
    )
    error_message = "A message outlasts the call of its agent, though it comes again every 2 s"
  }

  assert {
    condition = (
      aws_sqs_queue.watch[0].name == "agentcore-gateway-prod-watch" &&
      aws_sqs_queue.watch[0].fifo_queue != true &&
      aws_sqs_queue.watch[0].visibility_timeout_seconds == 300 &&
      aws_sqs_queue.watch[0].visibility_timeout_seconds >= module.closer.configuration.timeout &&
      try(jsondecode(aws_sqs_queue.watch[0].redrive_policy), null) == {
        deadLetterTargetArn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-watch-dead-letters"
        maxReceiveCount     = 1000
      }
    )
    error_message = "A run is looked after every five minutes, for as long as it may take"
  }

  assert {
    condition = (
      aws_sqs_queue.watch[0].message_retention_seconds > 28800 &&
      aws_sqs_queue.watch_dead_letters[0].message_retention_seconds > aws_sqs_queue.watch[0].message_retention_seconds &&
      aws_sqs_queue.replies_dead_letters[0].message_retention_seconds == 1209600
    )
    error_message = "SQS drops nothing of a run that may go on"
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.replies[0], aws_sqs_queue.replies_dead_letters[0], aws_sqs_queue.watch[0], aws_sqs_queue.watch_dead_letters[0]] : queue.sqs_managed_sse_enabled])
    error_message = "Queues of long runs are encrypted"
  }

  assert {
    condition = (
      jsondecode(aws_sqs_queue_redrive_allow_policy.replies_dead_letters[0].redrive_allow_policy) == {
        redrivePermission = "byQueue"
        sourceQueueArns   = ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-replies.fifo"]
      } &&
      jsondecode(aws_sqs_queue_redrive_allow_policy.watch_dead_letters[0].redrive_allow_policy) == {
        redrivePermission = "byQueue"
        sourceQueueArns   = ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-watch"]
      }
    )
    error_message = "No other queue may put its dead letters there"
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.replies[0].event_source_arn == aws_sqs_queue.replies[0].arn &&
      aws_lambda_event_source_mapping.replies[0].function_name == module.relay[0].alias_arn &&
      aws_lambda_event_source_mapping.replies[0].batch_size == 10 &&
      aws_lambda_event_source_mapping.replies[0].function_response_types == toset(["ReportBatchItemFailures"]) &&
      aws_lambda_event_source_mapping.replies[0].scaling_config[0].maximum_concurrency == 100
    )
    error_message = "The relay takes agents' messages in batches, and reports those that have to come again"
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.watch[0].event_source_arn == aws_sqs_queue.watch[0].arn &&
      aws_lambda_event_source_mapping.watch[0].function_name == module.closer.alias_arn &&
      aws_lambda_event_source_mapping.watch[0].batch_size == 10 &&
      aws_lambda_event_source_mapping.watch[0].function_response_types == toset(["ReportBatchItemFailures"])
    )
    error_message = "The closer looks after runs, and reports those that go on"
  }

  assert {
    condition = module.relay[0].configuration.environment == tomap({
      TABLE_NAME          = "agentcore-gateway-prod"
      MANAGEMENT_ENDPOINT = "https://api0000000.execute-api.eu-central-1.amazonaws.com/prod"
      REPLIES_QUEUE_URL   = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-replies.fifo"
      AGENTS              = jsonencode({ research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", endpoint_name = "live", long_runs = true } })
      ON_STOP             = "stop-session"
      STOP_ABANDONED      = "false"
      MAX_REPLY_BYTES     = "33554432"
      MAX_RUN_SECONDS     = "28800"
      EVENT_BUS_ARN       = "arn:aws:events:us-west-2:444455556666:event-bus/runs"
      DNS_SUFFIX          = "amazonaws.com"
    })
    error_message = "relay knows table, queue, where to push, and the agents whose runs it relays"
  }

  assert {
    condition = { for name in ["REPLIES_QUEUE_URL", "WATCH_QUEUE_URL"] : name => module.worker.configuration.environment[name] } == {
      REPLIES_QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-replies.fifo"
      WATCH_QUEUE_URL   = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-watch"
    } && !contains(keys(module.worker.configuration.environment), "REPLIES_ENDPOINT_URL")
    error_message = "worker knows where agents send to, and where runs are looked after"
  }

  assert {
    condition     = { for name, agent in jsondecode(module.worker.configuration.environment.AGENTS) : name => lookup(agent, "long_runs", false) } == { default = false, critic = false, research = true }
    error_message = "worker knows which agents may go on by themselves"
  }

  assert {
    condition = { for name in ["WATCH_QUEUE_URL", "MAX_RUN_SECONDS", "ON_STOP"] : name => lookup(module.closer.configuration.environment, name, "") } == {
      WATCH_QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-watch"
      MAX_RUN_SECONDS = "28800"
      ON_STOP         = "stop-session"
    } && module.connections.configuration.environment.ON_STOP == "stop-session"
    error_message = "Whoever ends such a run knows when, and whether its agent is to be stopped"
  }

  assert {
    condition     = module.relay[0].configuration.memory_mb == 128 && module.relay[0].configuration.timeout == 30 && module.relay[0].configuration.architectures == tolist(["arm64"])
    error_message = "relay has memory and time-out as documented"
  }

  assert {
    condition = { for s in jsondecode(module.relay[0].policy).Statement : s.Sid => [s.Effect, s.Action, s.Resource] } == {
      Table   = ["Allow", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"], ["arn:aws:dynamodb:eu-central-1:111122223333:table/agentcore-gateway-prod"]]
      Push    = ["Allow", ["execute-api:ManageConnections"], ["arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/POST/@connections/*"]]
      Replies = ["Allow", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"], ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-replies.fifo"]]
      Agents = ["Allow", ["bedrock-agentcore:StopRuntimeSession"], [
        "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789",
        "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789/runtime-endpoint/live",
      ]]
      RunEnded = ["Allow", ["events:PutEvents"], ["arn:aws:events:us-west-2:444455556666:event-bus/runs"]]
      Log      = ["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:111122223333:log-group:some:log-stream:*"]]
      Trace    = ["Allow", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]]
    }
    error_message = "relay may use table and queue, push, and stop the agents that go on by themselves, and calls none"
  }

  assert {
    condition = { for name, function in local.functions : name => [for s in jsondecode(function.policy).Statement : s.Action if s.Resource == ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-watch"]] } == {
      authorizer  = []
      message     = []
      connections = []
      relay       = []
      worker      = [["sqs:SendMessage"]]
      closer      = [["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]]
    }
    error_message = "worker may put runs into the queue of those to look after, closer may take them, and nobody else"
  }

  assert {
    condition = { for name, function in local.functions : name => length([for s in jsondecode(function.policy).Statement : s if strcontains(jsonencode(s), "replies.fifo")]) } == {
      authorizer  = 0
      message     = 0
      connections = 0
      worker      = 0
      closer      = 0
      relay       = 1
    }
    error_message = "Nobody but relay may take agents' messages, and no function may send any"
  }

  assert {
    condition = output.replies_queue_url == "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-replies.fifo" && jsondecode(output.agent_policy_json) == {
      Version = "2012-10-17"
      Statement = [{
        Sid      = "Replies"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-replies.fifo"]
      }]
    }
    error_message = "An agent may send to the queue of replies, and nothing else"
  }

  assert {
    condition     = length(distinct(values(output.role_names))) == 6 && output.role_names.relay == "agentcore-gateway-prod-relay-eu-central-1" && output.log_groups.relay == "/aws/lambda/agentcore-gateway-prod-relay"
    error_message = "relay has a role and a log of its own"
  }
}

run "as_they_can_be_set" {
  command = plan

  variables {
    agents                 = { research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", long_runs = true } }
    agentcore_endpoint_url = "http://127.0.0.1:8080"
    replies_endpoint_url   = "http://127.0.0.1:4566"
    on_stop                = "detach"
    stop_abandoned         = true
    max_run_seconds        = 600
    max_reply_bytes        = 1048576
    maximum_concurrency    = 7
    timeout_seconds        = { relay = 40, closer = 400 }
    memory_mb              = { relay = 256 }
    reserved_concurrency   = { closer = 5, relay = 7 }
  }

  assert {
    condition = { for name in ["ON_STOP", "STOP_ABANDONED", "MAX_RUN_SECONDS", "MAX_REPLY_BYTES", "AGENTCORE_ENDPOINT_URL"] : name => module.relay[0].configuration.environment[name] } == {
      ON_STOP                = "detach"
      STOP_ABANDONED         = "true"
      MAX_RUN_SECONDS        = "600"
      MAX_REPLY_BYTES        = "1048576"
      AGENTCORE_ENDPOINT_URL = "http://127.0.0.1:8080"
    }
    error_message = "relay gets its settings"
  }

  assert {
    condition     = module.closer.configuration.environment.MAX_RUN_SECONDS == "600" && module.closer.configuration.environment.ON_STOP == "detach" && module.connections.configuration.environment.ON_STOP == "detach"
    error_message = "Who ends runs gets the same settings"
  }

  assert {
    condition     = module.worker.configuration.environment.REPLIES_ENDPOINT_URL == "http://127.0.0.1:4566"
    error_message = "worker tells agents where tests have SQS"
  }

  assert {
    condition     = !contains(jsondecode(module.relay[0].policy).Statement[*].Sid, "Agents")
    error_message = "A relay that stops no agents may stop none"
  }

  assert {
    condition     = aws_sqs_queue.replies[0].visibility_timeout_seconds == 80 && module.relay[0].configuration.timeout == 40 && module.relay[0].configuration.memory_mb == 256 && module.relay[0].configuration.reserved == 7 && aws_sqs_queue.watch[0].visibility_timeout_seconds == 400
    error_message = "Visibilities follow time-outs"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.replies[0].scaling_config[0].maximum_concurrency == 7 && aws_lambda_event_source_mapping.given_up.scaling_config[0].maximum_concurrency + aws_lambda_event_source_mapping.watch[0].scaling_config[0].maximum_concurrency == 5
    error_message = "No more closers are started than are kept, by both queues together"
  }
}
