resource "aws_cloudwatch_log_group" "access" {
  count = var.access_logs ? 1 : 0

  region            = var.aws_region
  name              = "/aws/apigateway/${local.name}"
  retention_in_days = var.log_retention_days
  log_group_class   = var.log_group_class
  kms_key_id        = var.kms_key_arns.logs
  tags              = var.tags
}

locals {
  # Neither contents nor query strings: those may hold session ids and tokens.
  access_log_format = jsonencode({
    time              = "$context.requestTime"
    requestId         = "$context.requestId"
    extendedRequestId = "$context.extendedRequestId"
    eventType         = "$context.eventType"
    routeKey          = "$context.routeKey"
    connectionId      = "$context.connectionId"
    sourceIp          = "$context.identity.sourceIp"
    userAgent         = "$context.identity.userAgent"
    status            = "$context.status"
    error             = "$context.error.message"
    authorizerError   = "$context.authorizer.error"
    integrationStatus = "$context.integrationStatus"
    integrationError  = "$context.integrationErrorMessage"
    latency           = "$context.integrationLatency"
  })
}

# One role for all APIs of the account in this region, which is why it is left alone unless asked for.
resource "aws_iam_role" "api_gateway_logging" {
  count = var.manage_api_gateway_account ? 1 : 0

  name                 = "${local.name}-api-logs-${local.region}"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary_arn
  description          = "Lets API Gateway write logs"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "apigateway.amazonaws.com" }
    }]
  })
}

# API Gateway accepts no role with less than this policy of AWS allows.
resource "aws_iam_role_policy_attachment" "api_gateway_logging" {
  count = var.manage_api_gateway_account ? 1 : 0

  role       = aws_iam_role.api_gateway_logging[0].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "logging" {
  count = var.manage_api_gateway_account ? 1 : 0

  region              = var.aws_region
  cloudwatch_role_arn = aws_iam_role.api_gateway_logging[0].arn

  depends_on = [aws_iam_role_policy_attachment.api_gateway_logging]
}

locals {
  alarmed_functions = length(var.alarm_topic_arns) == 0 ? {} : local.functions

  long_run_alarms = !local.has_long_runs ? {} : {
    replies-dead-letters = {
      description = "A message of an agent could not be relayed, and its run has not gone on"
      metric      = "ApproximateNumberOfMessagesVisible"
      queue       = aws_sqs_queue.replies_dead_letters[0].name
      threshold   = 0
    }
    # After five minutes without a message a run is over, though its agent lives.
    replies-age = {
      description = "Agents' messages wait for too long: too few relays, or an agent that spoke long before its call was answered"
      metric      = "ApproximateAgeOfOldestMessage"
      queue       = aws_sqs_queue.replies[0].name
      threshold   = 300
    }
    watch-dead-letters = {
      description = "A run that goes on by itself is not looked after any more"
      metric      = "ApproximateNumberOfMessagesVisible"
      queue       = aws_sqs_queue.watch_dead_letters[0].name
      threshold   = 0
    }
  }

  queue_alarms = length(var.alarm_topic_arns) == 0 ? {} : merge(local.long_run_alarms, {
    dead-letters = {
      description = "A prompt has no ending, and will get none by itself"
      metric      = "ApproximateNumberOfMessagesVisible"
      queue       = aws_sqs_queue.dead_letters.name
      threshold   = 0
    }
    # A message counts until its run has ended, so one worker's full time is nothing to wake anybody for.
    prompts-age = {
      description = "Prompts wait for too long: too few workers, or a session that is stuck"
      metric      = "ApproximateAgeOfOldestMessage"
      queue       = aws_sqs_queue.prompts.name
      threshold   = 2 * var.timeout_seconds.worker
    }
  })
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each = local.queue_alarms

  region              = var.aws_region
  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = each.value.queue }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.alarmed_functions

  region              = var.aws_region
  alarm_name          = "${local.name}-${each.key}-errors"
  alarm_description   = "The function ${each.key} failed: it crashed, ran out of time or could not start"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = each.value.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}
