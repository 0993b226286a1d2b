# What is measured, alarmed of and shown. That each name is one of a metric is a test of the program's (tests/it/metrics).

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
    condition     = length(local.functions) == 4 && alltrue([for function in values(local.functions) : lookup(function.configuration.environment, "METRICS_NAMESPACE", "") == "AgentCoreGateway/agentcore-gateway-prod"])
    error_message = "All functions measure, in the namespace of the deployment"
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.queue : key => [alarm.metric_name, alarm.statistic, alarm.dimensions.QueueName, alarm.threshold] } == {
      prompts-age  = ["ApproximateAgeOfOldestMessage", "Maximum", "agentcore-gateway-prod-prompts.fifo", 1800]
      given-up     = ["NumberOfMessagesReceived", "Sum", "agentcore-gateway-prod-given-up.fifo", 0]
      dead-letters = ["ApproximateNumberOfMessagesVisible", "Maximum", "agentcore-gateway-prod-dead-letters.fifo", 0]
    }
    error_message = "Old prompts, prompts that were given up and dead letters raise an alarm"
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.function : key => [alarm.metric_name, alarm.dimensions.FunctionName, alarm.threshold] } == merge([
      for name in ["message", "connections", "worker", "closer"] : {
        "${name}-errors"    = ["Errors", "agentcore-gateway-prod-${name}", 0]
        "${name}-throttles" = ["Throttles", "agentcore-gateway-prod-${name}", 0]
      }
    ]...)
    error_message = "Each function that fails or is throttled raises an alarm"
  }

  assert {
    condition = jsonencode({ for key, alarm in aws_cloudwatch_metric_alarm.sum : key => concat([tostring(alarm.threshold)], sort([for query in alarm.metric_query : join(" ", concat([query.metric[0].namespace, query.metric[0].metric_name], values(query.metric[0].dimensions))) if length(query.metric) > 0])) }) == jsonencode({
      api-5xx         = tolist(["4", "AWS/ApiGateway ExecutionError api0000000 prod"])
      table-throttles = tolist(["10", "AWS/DynamoDB ReadThrottleEvents agentcore-gateway-prod", "AWS/DynamoDB WriteThrottleEvents agentcore-gateway-prod"])
    })
    error_message = "Errors of the API and throttles of the table raise an alarm"
  }

  assert {
    condition = { for key, alarm in merge(aws_cloudwatch_metric_alarm.sum, aws_cloudwatch_metric_alarm.rate) : key => [for query in alarm.metric_query : query.expression if length(query.metric) == 0] } == {
      api-5xx         = ["SUM([FILL(first, 0)])"]
      table-throttles = ["SUM([FILL(first, 0), FILL(second, 0)])"]
      failed-runs     = ["IF(part < 5, 0, 100 * part / whole)"]
    }
    error_message = "Sums are of all of them, and shares are of five at least"
  }

  assert {
    condition     = alltrue([for alarm in merge(aws_cloudwatch_metric_alarm.sum, aws_cloudwatch_metric_alarm.rate) : toset([for query in alarm.metric_query : [query.metric[0].stat, query.metric[0].period] if length(query.metric) > 0]) == toset([["Sum", 300]])])
    error_message = "Sums and shares are of five minutes"
  }

  assert {
    condition     = alltrue([for alarm in merge(aws_cloudwatch_metric_alarm.queue, aws_cloudwatch_metric_alarm.function) : alarm.period == 300]) && alltrue([for alarm in aws_cloudwatch_metric_alarm.function : alarm.statistic == "Sum" && alarm.namespace == "AWS/Lambda"]) && alltrue([for alarm in aws_cloudwatch_metric_alarm.queue : alarm.namespace == "AWS/SQS"])
    error_message = "So are the alarms of queues and functions"
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.queue), values(aws_cloudwatch_metric_alarm.function), values(aws_cloudwatch_metric_alarm.sum), values(aws_cloudwatch_metric_alarm.rate)) : alarm.comparison_operator == "GreaterThanThreshold" && alarm.evaluation_periods == 1 && alarm.treat_missing_data == "notBreaching"])
    error_message = "Alarms are raised once there is more than the threshold, and not by a lack of data"
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.rate) == ["failed-runs"] && aws_cloudwatch_metric_alarm.rate["failed-runs"].threshold == 10
    error_message = "Failed runs raise an alarm by rate; where no tokens are checked none is refused"
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.queue), values(aws_cloudwatch_metric_alarm.function), values(aws_cloudwatch_metric_alarm.sum), values(aws_cloudwatch_metric_alarm.rate)) : length(coalesce(alarm.alarm_actions, [])) == 0 && can(regex("[.:] [A-Z].*[.]$", alarm.alarm_description))])
    error_message = "Alarms need nobody to tell, and say what to do"
  }

  assert {
    condition     = length(aws_cloudwatch_dashboard.gateway) == 1 && aws_cloudwatch_dashboard.gateway[0].dashboard_name == "agentcore-gateway-prod"
    error_message = "There is a dashboard"
  }

  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.gateway[0].dashboard_body).widgets : split(":", split(" ", widget.properties.title)[0])[0] if widget.y == 1] == ["Latency", "Traffic", "Errors", "Saturation"]
    error_message = "The first row has the four golden signals"
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.gateway[0].dashboard_body).widgets : widget.x + widget.width <= 24 && widget.width >= 6])
    error_message = "Widgets stand beside each other"
  }
}

run "with_everything" {
  command = plan

  variables {
    auth             = "jwt"
    jwt_issuer       = "https://issuer.example.com"
    jwt_audiences    = ["gateway"]
    agents           = { research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", long_runs = true } }
    alarm_topic_arns = ["arn:aws:sns:eu-central-1:111122223333:on-call"]
    timeout_seconds  = { worker = 600 }
    alarm_thresholds = { failed_runs_percent = 2 }
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.queue : key => [alarm.metric_name, alarm.dimensions.QueueName, alarm.threshold] if !contains(["dead-letters", "given-up"], key) } == {
      prompts-age          = ["ApproximateAgeOfOldestMessage", "agentcore-gateway-prod-prompts.fifo", 1200]
      replies-dead-letters = ["ApproximateNumberOfMessagesVisible", "agentcore-gateway-prod-replies-dead-letters.fifo", 0]
      replies-age          = ["ApproximateAgeOfOldestMessage", "agentcore-gateway-prod-replies.fifo", 300]
      watch-dead-letters   = ["ApproximateNumberOfMessagesVisible", "agentcore-gateway-prod-watch-dead-letters", 0]
    }
    error_message = "With long runs, messages that are not relayed and runs that nobody looks after raise an alarm too"
  }

  assert {
    condition     = length(setsubtract(["relay-errors", "relay-throttles", "authorizer-errors", "authorizer-throttles"], keys(aws_cloudwatch_metric_alarm.function))) == 0
    error_message = "The functions that not every deployment has raise alarms too"
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.rate : key => [alarm.threshold, [for query in alarm.metric_query : [query.metric[0].namespace, query.metric[0].metric_name, jsonencode(query.metric[0].dimensions)] if length(query.metric) > 0]] } == {
      failed-runs = [2, [
        ["AgentCoreGateway/agentcore-gateway-prod", "RunsFailed", "{}"],
        ["AgentCoreGateway/agentcore-gateway-prod", "RunsEnded", "{}"],
      ]]
      authorizer-refusals = [50, [
        ["AgentCoreGateway/agentcore-gateway-prod", "Authorizations", "{\"Result\":\"refused\"}"],
        ["AgentCoreGateway/agentcore-gateway-prod", "Authorizations", "{}"],
      ]]
    }
    error_message = "Shares of failed runs and of refused tokens raise an alarm"
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.queue), values(aws_cloudwatch_metric_alarm.function), values(aws_cloudwatch_metric_alarm.sum), values(aws_cloudwatch_metric_alarm.rate)) : tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:eu-central-1:111122223333:on-call"]) && alarm.ok_actions == alarm.alarm_actions])
    error_message = "Topics are told"
  }

  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.gateway[0].dashboard_body, "agentcore-gateway-prod-replies.fifo") && strcontains(aws_cloudwatch_dashboard.gateway[0].dashboard_body, "MetricName=\\\"Authorizations\\\"")
    error_message = "The dashboard shows tokens and agents' messages where there are any"
  }
}

run "turned_off" {
  command = plan

  variables {
    metrics   = false
    dashboard = false
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : !contains(keys(function.configuration.environment), "METRICS_NAMESPACE")])
    error_message = "No function measures"
  }

  assert {
    condition     = length(aws_cloudwatch_dashboard.gateway) == 0 && length(aws_cloudwatch_metric_alarm.rate) == 0 && length(aws_cloudwatch_metric_alarm.function) == 8
    error_message = "Without metrics there are the alarms of what AWS measures"
  }
}

run "a_dashboard_without_metrics" {
  command = plan

  variables {
    metrics = false
  }

  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.gateway[0].dashboard_body, "AgentCoreGateway/") && strcontains(aws_cloudwatch_dashboard.gateway[0].dashboard_body, "AWS/SQS")
    error_message = "Without metrics the dashboard shows what AWS measures"
  }
}
