# Alarms are always made: their state shows in CloudWatch, and topics are told of it where there are any. Each description
# ends with what to do. What is measured by the gateway itself (docs/metrics.md) is alarmed of only where it is.
#
# None of them is raised by a lack of data: nobody asks at night, and what has not happened is not written.

locals {
  alarm_period_seconds = 300

  # A message counts until its run has ended, so one worker's full time is nothing to wake anybody for.
  queue_alarms = merge(local.long_run_alarms, {
    prompts-age = {
      description = "Prompts wait for too long: there are too few workers, or a session is stuck. Look at the worker's throttles and concurrency, then raise maximum_concurrency or the account's quota."
      metric      = "ApproximateAgeOfOldestMessage"
      statistic   = "Maximum"
      queue       = aws_sqs_queue.prompts.name
      threshold   = 2 * var.timeout_seconds.worker
    }
    # Of what is moved between queues only the receiving is counted.
    given-up = {
      description = "No worker could take a prompt, and the closer ends it. Look for the worker's errors and throttles in the last hour: the prompt was received ${var.max_receive_count} times."
      metric      = "NumberOfMessagesReceived"
      statistic   = "Sum"
      queue       = aws_sqs_queue.given_up.name
      threshold   = 0
    }
    dead-letters = {
      description = "A prompt has no ending, and will get none by itself. Find out why in the closer's log, then move the messages back to the queue they came from."
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      queue       = aws_sqs_queue.dead_letters.name
      threshold   = 0
    }
  })

  long_run_alarms = !local.has_long_runs ? {} : {
    replies-dead-letters = {
      description = "A message of an agent could not be relayed, and its run has not gone on. Find out why in the relay's log; the run ends as interrupted by itself, so delete the messages."
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      queue       = aws_sqs_queue.replies_dead_letters[0].name
      threshold   = 0
    }
    # After five minutes without a message a run is over, though its agent lives.
    replies-age = {
      description = "Agents' messages wait for too long: there are too few relays, or an agent spoke long before its call was answered. Look at the relay's throttles, then raise maximum_concurrency or the account's quota."
      metric      = "ApproximateAgeOfOldestMessage"
      statistic   = "Maximum"
      queue       = aws_sqs_queue.replies[0].name
      threshold   = 300
    }
    watch-dead-letters = {
      description = "A run that goes on by itself is not looked after any more. Find out why in the closer's log, then move the messages back to the queue they came from."
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      queue       = aws_sqs_queue.watch_dead_letters[0].name
      threshold   = 0
    }
  }

  # Of functions: any of the two is too many, for clients and queues wait while it lasts.
  function_alarms = merge([for key, function in local.functions : {
    "${key}-errors" = {
      description = "The function ${key} failed: it crashed, ran out of time or could not start. Its log has the error; if it began with a release, roll back."
      metric      = "Errors"
      function    = function.function_name
    }
    "${key}-throttles" = {
      description = "Calls of the function ${key} were refused for want of concurrency. Raise the account's quota of concurrent executions, or lower maximum_concurrency so that workers leave some for the rest."
      metric      = "Throttles"
      function    = function.function_name
    }
  }]...)

  # Sums of one metric of AWS or of two.
  sum_alarms = {
    # IntegrationError would count refusals too: it is of what functions answer with 4xx and 5xx.
    api-5xx = {
      description = "API Gateway could not call a function, and answered messages or connections with errors of the gateway (5xx). Look at the errors and throttles of message and connections, then at status and integrationError in the access log."
      namespace   = "AWS/ApiGateway"
      metrics     = ["ExecutionError"]
      dimensions  = { ApiId = aws_apigatewayv2_api.gateway.id, Stage = aws_apigatewayv2_stage.gateway.name }
      threshold   = 4
    }
    # Single ones are made good by the SDK, which tries again.
    table-throttles = {
      description = "DynamoDB refuses reads or writes of the table, so prompts wait and connections are refused. Look which of the two it is; a single busy session is bounded by its partition, for the rest raise the table's quotas."
      namespace   = "AWS/DynamoDB"
      metrics     = ["ReadThrottleEvents", "WriteThrottleEvents"]
      dimensions  = { TableName = aws_dynamodb_table.sessions.name }
      threshold   = 10
    }
  }

  sum_ids = { for key, alarm in local.sum_alarms : key => slice(["first", "second"], 0, length(alarm.metrics)) }

  # Shares, of what the gateway itself measures. A few in a quiet hour are no share of anything.
  rate_alarm_minimum = 5
  rate_alarms = !var.metrics ? {} : merge(
    {
      failed-runs = {
        description = "More than ${var.alarm_thresholds.failed_runs_percent} % of the runs failed. See which code and agent on the dashboard: agent_error and agent_unavailable are the agent's, agent_throttled its quotas, internal and interrupted the gateway's."
        part        = { metric = "RunsFailed", dimensions = {} }
        whole       = { metric = "RunsEnded", dimensions = {} }
        percent     = var.alarm_thresholds.failed_runs_percent
      }
    },
    var.auth != "jwt" ? {} : {
      authorizer-refusals = {
        description = "More than ${var.alarm_thresholds.authorizer_refusals_percent} % of the tokens were refused. The authorizer's log says why: keys or claims of the issuer that have changed refuse everybody, a single client that tries again and again is to be blocked."
        part        = { metric = "Authorizations", dimensions = { Result = "refused" } }
        whole       = { metric = "Authorizations", dimensions = {} }
        percent     = var.alarm_thresholds.authorizer_refusals_percent
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each = local.queue_alarms

  region              = var.aws_region
  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = each.value.queue }
  statistic           = each.value.statistic
  period              = local.alarm_period_seconds
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.function_alarms

  region              = var.aws_region
  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = each.value.function }
  statistic           = "Sum"
  period              = local.alarm_period_seconds
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "sum" {
  for_each = local.sum_alarms

  region              = var.aws_region
  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  metric_query {
    id          = "sum"
    expression  = "SUM([${join(", ", [for id in local.sum_ids[each.key] : "FILL(${id}, 0)"])}])"
    label       = each.key
    return_data = true
  }

  dynamic "metric_query" {
    for_each = zipmap(local.sum_ids[each.key], each.value.metrics)
    content {
      id = metric_query.key
      metric {
        namespace   = each.value.namespace
        metric_name = metric_query.value
        dimensions  = each.value.dimensions
        stat        = "Sum"
        period      = local.alarm_period_seconds
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "rate" {
  for_each = local.rate_alarms

  region              = var.aws_region
  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.percent
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  metric_query {
    id          = "percent"
    expression  = "IF(part < ${local.rate_alarm_minimum}, 0, 100 * part / whole)"
    label       = each.key
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { part = each.value.part, whole = each.value.whole }
    content {
      id = metric_query.key
      metric {
        namespace   = local.metrics_namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = "Sum"
        period      = local.alarm_period_seconds
      }
    }
  }
}
