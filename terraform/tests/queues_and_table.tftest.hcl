# Order, redelivery, dead letters, and what is kept how.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  auth                  = "iam"
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
}

run "as_it_comes" {
  command = plan

  assert {
    condition = (
      aws_sqs_queue.prompts.name == "agentcore-gateway-prod-prompts.fifo" &&
      aws_sqs_queue.prompts.fifo_queue &&
      aws_sqs_queue.prompts.deduplication_scope == "messageGroup" &&
      aws_sqs_queue.prompts.fifo_throughput_limit == "perMessageGroupId"
    )
    error_message = "Prompts are ordered in each session, with high throughput"
  }

  assert {
    condition     = !aws_sqs_queue.prompts.content_based_deduplication
    error_message = "Equal prompts are not one prompt"
  }

  assert {
    condition     = aws_sqs_queue.prompts.visibility_timeout_seconds >= module.worker.configuration.timeout && aws_sqs_queue.prompts.visibility_timeout_seconds == 960
    error_message = "A prompt must not come again while its worker may still run"
  }

  assert {
    condition = try(jsondecode(aws_sqs_queue.prompts.redrive_policy), null) == {
      deadLetterTargetArn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-given-up.fifo"
      maxReceiveCount     = 10
    }
    error_message = "What was received ten times is given up"
  }

  assert {
    condition = try(jsondecode(aws_sqs_queue.given_up.redrive_policy), null) == {
      deadLetterTargetArn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-dead-letters.fifo"
      maxReceiveCount     = 20
    }
    error_message = "What the closer cannot end becomes a dead letter"
  }

  assert {
    condition = (
      aws_sqs_queue.given_up.name == "agentcore-gateway-prod-given-up.fifo" &&
      aws_sqs_queue.given_up.fifo_queue &&
      aws_sqs_queue.given_up.visibility_timeout_seconds == 360 &&
      aws_sqs_queue.given_up.visibility_timeout_seconds >= module.closer.configuration.timeout
    )
    error_message = "A prompt must not come again while its closer may still be at work"
  }

  assert {
    condition     = aws_sqs_queue.prompts.message_retention_seconds >= 86400 + 900 && aws_sqs_queue.given_up.message_retention_seconds == 1209600
    error_message = "SQS drops no prompt while it may still wait, or be ended"
  }

  assert {
    condition     = module.worker.configuration.environment.MAX_RECEIVE_COUNT == try(tostring(jsondecode(aws_sqs_queue.prompts.redrive_policy).maxReceiveCount), null)
    error_message = "The worker must know how often a prompt comes"
  }

  assert {
    condition     = module.closer.configuration.environment.MAX_RECEIVE_COUNT == try(tostring(jsondecode(aws_sqs_queue.given_up.redrive_policy).maxReceiveCount), null)
    error_message = "The closer must know how often a prompt comes"
  }

  assert {
    condition = (
      aws_sqs_queue.dead_letters.name == "agentcore-gateway-prod-dead-letters.fifo" &&
      aws_sqs_queue.dead_letters.fifo_queue &&
      aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    )
    error_message = "Dead letters are kept for 14 days, in a FIFO queue as SQS demands"
  }

  assert {
    condition = (
      aws_sqs_queue_redrive_allow_policy.given_up.queue_url == aws_sqs_queue.given_up.url &&
      jsondecode(aws_sqs_queue_redrive_allow_policy.given_up.redrive_allow_policy) == {
        redrivePermission = "byQueue"
        sourceQueueArns   = ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-prompts.fifo"]
      }
    )
    error_message = "Only prompts may be given up here"
  }

  assert {
    condition = (
      aws_sqs_queue_redrive_allow_policy.dead_letters.queue_url == aws_sqs_queue.dead_letters.url &&
      jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy) == {
        redrivePermission = "byQueue"
        sourceQueueArns   = ["arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-given-up.fifo"]
      }
    )
    error_message = "Only prompts that were given up may become dead letters"
  }

  assert {
    condition     = aws_sqs_queue.prompts.sqs_managed_sse_enabled && aws_sqs_queue.given_up.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Queues are encrypted"
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.prompts.event_source_arn == aws_sqs_queue.prompts.arn &&
      aws_lambda_event_source_mapping.prompts.batch_size == 1 &&
      aws_lambda_event_source_mapping.prompts.function_response_types == toset(["ReportBatchItemFailures"]) &&
      aws_lambda_event_source_mapping.prompts.scaling_config[0].maximum_concurrency == 100
    )
    error_message = "The worker takes prompts one by one, reports what failed, and its number is bounded"
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.given_up.event_source_arn == aws_sqs_queue.given_up.arn &&
      aws_lambda_event_source_mapping.given_up.function_name == module.closer.alias_arn &&
      aws_lambda_event_source_mapping.given_up.batch_size == 5 &&
      aws_lambda_event_source_mapping.given_up.function_response_types == toset(["ReportBatchItemFailures"]) &&
      aws_lambda_event_source_mapping.given_up.scaling_config[0].maximum_concurrency == 10
    )
    error_message = "The closer takes what was given up, and reports what it could not end"
  }

  assert {
    condition = (
      aws_dynamodb_table.sessions.name == "agentcore-gateway-prod" &&
      aws_dynamodb_table.sessions.hash_key == "pk" &&
      aws_dynamodb_table.sessions.range_key == "sk" &&
      { for attribute in aws_dynamodb_table.sessions.attribute : attribute.name => attribute.type } == { pk = "S", sk = "S" } &&
      aws_dynamodb_table.sessions.billing_mode == "PAY_PER_REQUEST"
    )
    error_message = "The table has its keys, and is paid by use"
  }

  assert {
    condition     = aws_dynamodb_table.sessions.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.sessions.ttl[0].enabled
    error_message = "Items are deleted after expires_at"
  }

  assert {
    condition     = aws_dynamodb_table.sessions.point_in_time_recovery[0].enabled && aws_dynamodb_table.sessions.point_in_time_recovery[0].recovery_period_in_days == 1
    error_message = "The table can be recovered for as long as it keeps what is in it, and no longer"
  }

  assert {
    condition     = aws_dynamodb_table.sessions.server_side_encryption[0].enabled
    error_message = "The table is encrypted"
  }
}

run "as_it_can_be_set" {
  command = plan

  variables {
    timeout_seconds             = { worker = 600, closer = 100 }
    max_wait_seconds            = 6600
    max_receive_count           = 5
    maximum_concurrency         = 7
    message_retention_seconds   = 7200
    table_deletion_protection   = true
    point_in_time_recovery_days = 0
  }

  assert {
    condition     = aws_sqs_queue.prompts.visibility_timeout_seconds == 660 && module.worker.configuration.timeout == 600 && aws_sqs_queue.given_up.visibility_timeout_seconds == 600
    error_message = "The visibility follows the time-out"
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.prompts.redrive_policy).maxReceiveCount == 5 && module.worker.configuration.environment.MAX_RECEIVE_COUNT == "5"
    error_message = "Queue and worker know the same number of attempts"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.prompts.scaling_config[0].maximum_concurrency == 7
    error_message = "The number of workers is a setting"
  }

  assert {
    condition     = aws_sqs_queue.prompts.message_retention_seconds == 7200 && aws_dynamodb_table.sessions.deletion_protection_enabled
    error_message = "Retention and deletion protection are settings"
  }

  assert {
    condition     = !aws_dynamodb_table.sessions.point_in_time_recovery[0].enabled
    error_message = "Recovery can be off"
  }
}
