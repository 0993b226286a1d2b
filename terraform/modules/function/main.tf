# A function with a role of its own that can do what is listed, and nothing else.

resource "aws_iam_role" "function" {
  name        = var.role_name
  description = "Role of the function ${var.name}"
  tags        = var.settings.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

locals {
  tells_of_ended_runs = var.event_bus_arn != ""

  event_statements = !local.tells_of_ended_runs ? [] : [
    {
      sid        = "RunEnded"
      actions    = ["events:PutEvents"]
      resources  = [var.event_bus_arn]
      conditions = {}
    },
  ]
  event_environment = local.tells_of_ended_runs ? { EVENT_BUS_ARN = var.event_bus_arn } : {}

  statements = concat(var.statements, local.event_statements, [
    {
      # The group is made here, so that the function need not be able to make groups. Streams are made as needed.
      sid        = "Log"
      actions    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources  = ["${aws_cloudwatch_log_group.function.arn}:log-stream:*"]
      conditions = {}
    },
    {
      # A trace belongs to no resource, so IAM takes no other one than * for these two.
      sid        = "Trace"
      actions    = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      resources  = ["*"]
      conditions = {}
    },
  ])

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in local.statements : merge(
      {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      },
      length(statement.conditions) == 0 ? {} : { Condition = statement.conditions },
    )]
  })
}

resource "aws_iam_role_policy" "function" {
  name   = var.name
  role   = aws_iam_role.function.id
  policy = local.policy
}

resource "aws_cloudwatch_log_group" "function" {
  region            = var.settings.region
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.settings.log_retention_days
  tags              = var.settings.tags
}

resource "aws_lambda_function" "function" {
  region        = var.settings.region
  function_name = var.name
  description   = var.description
  role          = aws_iam_role.function.arn
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.settings.architecture]
  filename      = var.archive
  # A missing archive is the precondition's to report, and no reason not to destroy.
  source_code_hash = fileexists(var.archive) ? filebase64sha256(var.archive) : null
  memory_size      = var.memory_mb
  timeout          = var.timeout
  # Without a number it shares what the account has.
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = var.settings.tags

  environment {
    variables = merge(var.settings.environment, var.environment, local.event_environment)
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.function.name
    log_format            = "JSON"
    application_log_level = var.settings.log_level
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = "Active"
  }

  lifecycle {
    precondition {
      condition     = fileexists(var.archive)
      error_message = "${var.archive} is missing: build the functions first (see terraform/README.md), or set artifacts_dir."
    }
  }

  # Whatever comes after the function finds it with its rights in place.
  depends_on = [aws_iam_role_policy.function]
}
