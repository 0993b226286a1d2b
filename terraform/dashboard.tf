# One dashboard: the four golden signals in the first row, then each part of the way of a prompt. What the gateway measures itself
# (docs/metrics.md) is shown only where it does.

locals {
  api_dimensions   = { ApiId = aws_apigatewayv2_api.gateway.id, Stage = aws_apigatewayv2_stage.gateway.name }
  table_dimensions = { TableName = aws_dynamodb_table.sessions.name }

  dashboard_functions = { for key, function in local.functions : key => { FunctionName = function.function_name } }

  # `gateway`: a metric of the gateway as a whole; `by`: one by its dimensions; `aws`: what AWS measures.
  dashboard_rows = [
    {
      title = "Golden signals"
      widgets = [
        {
          title   = "Latency (ms): the agent's first event, and the wait before it"
          gateway = [{ metric = "TimeToFirstEvent", stats = ["p50", "p99"] }, { metric = "PromptWait", stats = ["p50", "p99"] }]
          by      = []
          aws     = [{ namespace = "AWS/ApiGateway", metric = "IntegrationLatency", dimensions = local.api_dimensions, stat = "p99", label = "API p99" }]
        },
        {
          title   = "Traffic"
          gateway = [{ metric = "PromptsAccepted", stats = ["Sum"] }, { metric = "RunsEnded", stats = ["Sum"] }]
          by      = []
          aws = [for metric in ["ConnectCount", "MessageCount"] :
            { namespace = "AWS/ApiGateway", metric = metric, dimensions = local.api_dimensions, stat = "Sum", label = metric }
          ]
        },
        {
          title   = "Errors"
          gateway = [{ metric = "RunsFailed", stats = ["Sum"] }, { metric = "MessagesRejected", stats = ["Sum"] }, { metric = "ConnectionsRefused", stats = ["Sum"] }]
          by      = []
          aws = concat(
            [for metric in ["IntegrationError", "ExecutionError"] :
              { namespace = "AWS/ApiGateway", metric = metric, dimensions = local.api_dimensions, stat = "Sum", label = metric }
            ],
            [for key, dimensions in local.dashboard_functions :
              { namespace = "AWS/Lambda", metric = "Errors", dimensions = dimensions, stat = "Sum", label = "${key} failed" }
            ],
          )
        },
        {
          title   = "Saturation"
          gateway = []
          by      = []
          aws = concat(
            [for key, dimensions in local.dashboard_functions :
              { namespace = "AWS/Lambda", metric = "ConcurrentExecutions", dimensions = dimensions, stat = "Maximum", label = "${key} at once" }
            ],
            [for key, dimensions in local.dashboard_functions :
              { namespace = "AWS/Lambda", metric = "Throttles", dimensions = dimensions, stat = "Sum", label = "${key} throttled" }
            ],
          )
        },
      ]
    },
    {
      title = "Queue"
      widgets = [
        {
          title   = "Prompts that wait, and that are run"
          gateway = []
          by      = []
          aws = [for metric, label in { ApproximateNumberOfMessagesVisible = "wait", ApproximateNumberOfMessagesNotVisible = "are run" } :
            { namespace = "AWS/SQS", metric = metric, dimensions = { QueueName = aws_sqs_queue.prompts.name }, stat = "Maximum", label = label }
          ]
        },
        {
          title   = "Age of the oldest message (s)"
          gateway = []
          by      = []
          aws = [for label, name in merge({ prompts = aws_sqs_queue.prompts.name }, local.has_long_runs ? { replies = aws_sqs_queue.replies[0].name } : {}) :
            { namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = name }, stat = "Maximum", label = label }
          ]
        },
        {
          title   = "Requests to the queue (ms), and those that failed"
          gateway = [{ metric = "QueueErrors", stats = ["Sum"] }]
          by      = [{ metric = "QueueDuration", dimensions = ["Operation"], stat = "p99" }]
          aws     = []
        },
        {
          title   = "Given up, dead, lost"
          gateway = [for metric in ["PromptsGivenUp", "PromptsDropped", "LeasesLost", "OrphansEnded"] : { metric = metric, stats = ["Sum"] }]
          by      = []
          aws = [for label, name in merge(
            { "dead prompts" = aws_sqs_queue.dead_letters.name },
            local.has_long_runs ? { "dead replies" = aws_sqs_queue.replies_dead_letters[0].name, "dead watches" = aws_sqs_queue.watch_dead_letters[0].name } : {},
            ) :
            { namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = name }, stat = "Maximum", label = label }
          ]
        },
      ]
    },
    {
      title = "Agent"
      widgets = [
        {
          title   = "Time to the first event (ms), p90"
          gateway = []
          by      = [{ metric = "TimeToFirstEvent", dimensions = ["Agent"], stat = "p90" }]
          aws     = []
        },
        {
          title   = "Duration of runs (ms), p90"
          gateway = []
          by      = [{ metric = "RunDuration", dimensions = ["Agent"], stat = "p90" }]
          aws     = []
        },
        {
          title   = "Endings"
          gateway = []
          by      = [{ metric = "RunsEnded", dimensions = ["Agent", "Outcome"], stat = "Sum" }, { metric = "RunsDetached", dimensions = ["Agent"], stat = "Sum" }]
          aws     = []
        },
        {
          title   = "Failures, and calls that quotas refused"
          gateway = []
          by      = [{ metric = "RunsFailed", dimensions = ["Agent", "Code"], stat = "Sum" }, { metric = "AgentThrottles", dimensions = ["Agent"], stat = "Sum" }]
          aws     = []
        },
      ]
    },
    {
      title = "Pushes"
      widgets = [
        {
          title   = "Pushes"
          gateway = []
          by      = [{ metric = "Pushes", dimensions = ["Result"], stat = "Sum" }]
          aws     = []
        },
        {
          title   = "Duration of a push (ms)"
          gateway = [{ metric = "PushDuration", stats = ["p50", "p99"] }]
          by      = []
          aws     = []
        },
        {
          title   = "Events, and the frames that they are packed into"
          gateway = [{ metric = "Events", stats = ["Sum"] }, { metric = "Frames", stats = ["Sum"] }]
          by      = []
          aws     = []
        },
        {
          title   = "Resumes"
          gateway = [{ metric = "Resumes", stats = ["Sum"] }, { metric = "FramesReplayed", stats = ["Sum"] }]
          by      = []
          aws     = []
        },
      ]
    },
    {
      title = "Table"
      widgets = [
        {
          title   = "Reads and writes (ms), p99"
          gateway = []
          by      = [{ metric = "TableDuration", dimensions = ["Operation"], stat = "p99" }]
          aws     = []
        },
        {
          title   = "Errors"
          gateway = []
          by      = [{ metric = "TableErrors", dimensions = ["Reason"], stat = "Sum" }]
          aws = [for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] :
            { namespace = "AWS/DynamoDB", metric = metric, dimensions = local.table_dimensions, stat = "Sum", label = metric }
          ]
        },
        {
          title   = "Capacity"
          gateway = []
          by      = []
          aws = [for metric in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] :
            { namespace = "AWS/DynamoDB", metric = metric, dimensions = local.table_dimensions, stat = "Sum", label = metric }
          ]
        },
      ]
    },
    {
      title = "Clients"
      widgets = [
        {
          title   = "Connections, opened and refused"
          gateway = [{ metric = "ConnectionsOpened", stats = ["Sum"] }]
          by      = [{ metric = "ConnectionsRefused", dimensions = ["Status"], stat = "Sum" }]
          aws     = []
        },
        {
          title   = "Tokens"
          gateway = []
          by      = [for dimension in var.auth == "jwt" ? ["Result"] : [] : { metric = "Authorizations", dimensions = [dimension], stat = "Sum" }]
          aws     = []
        },
        {
          title   = "Messages that were rejected"
          gateway = []
          by      = [{ metric = "MessagesRejected", dimensions = ["Code"], stat = "Sum" }]
          aws     = []
        },
        {
          title   = "Uploads"
          gateway = []
          by      = [{ metric = "Uploads", dimensions = ["Result"], stat = "Sum" }]
          aws     = []
        },
      ]
    },
  ]

  # Each widget with its lines; one that has none is left out.
  dashboard_lines = [for row in local.dashboard_rows : {
    title = row.title
    widgets = [for widget in [for widget in row.widgets : {
      title = widget.title
      lines = concat(
        flatten([for line in widget.gateway : [for stat in line.stats :
          jsonencode([local.metrics_namespace, line.metric, { stat = stat, label = "${line.metric} ${stat}" }])
        ] if var.metrics]),
        [for line in widget.by :
          jsonencode([{
            expression = "SEARCH('{\"${local.metrics_namespace}\",${join(",", line.dimensions)}} MetricName=\"${line.metric}\"', '${line.stat}', 60)"
            label      = line.metric
          }])
        if var.metrics],
        [for line in widget.aws :
          jsonencode(concat([line.namespace, line.metric], flatten([for name, value in line.dimensions : [name, value]]), [{ stat = line.stat, label = line.label }]))
        ],
      )
    }] : widget if length(widget.lines) > 0]
  }]
  dashboard_shown = [for row in local.dashboard_lines : row if length(row.widgets) > 0]

  dashboard_row_height = 7

  dashboard_body = {
    widgets = flatten([for index, row in local.dashboard_shown : concat(
      [jsonencode({
        type       = "text", x = 0, y = index * local.dashboard_row_height, width = 24, height = 1
        properties = { markdown = "## ${row.title}" }
      })],
      [for place, widget in row.widgets : jsonencode({
        type   = "metric"
        width  = floor(24 / length(row.widgets))
        height = local.dashboard_row_height - 1
        x      = place * floor(24 / length(row.widgets))
        y      = index * local.dashboard_row_height + 1
        properties = {
          title   = widget.title
          region  = local.region
          view    = "timeSeries"
          period  = 60
          metrics = [for line in widget.lines : jsondecode(line)]
        }
      })],
    )])
  }
}

resource "aws_cloudwatch_dashboard" "gateway" {
  count = var.dashboard ? 1 : 0

  region         = var.aws_region
  dashboard_name = local.name
  dashboard_body = jsonencode({ widgets = [for widget in local.dashboard_body.widgets : jsondecode(widget)] })
}
