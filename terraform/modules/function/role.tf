# What the function may do. A role that is there already is not changed: whoever owns it gives it the same policy.

locals {
  has_own_role = var.existing_role == null
  role_arn     = local.has_own_role ? aws_iam_role.function[0].arn : var.existing_role.arn

  tells_of_ended_runs = var.event_bus_arn != ""

  event_statements = !local.tells_of_ended_runs ? [] : [
    {
      sid        = "RunEnded"
      effect     = "Allow"
      actions    = ["events:PutEvents"]
      resources  = [var.event_bus_arn]
      conditions = {}
    },
  ]

  trace_statements = !var.settings.xray_tracing ? [] : [
    {
      # A trace belongs to no resource, so IAM takes no other one than * for these two.
      sid        = "Trace"
      effect     = "Allow"
      actions    = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      resources  = ["*"]
      conditions = {}
    },
  ]

  environment_key_statements = [
    for key in compact([var.settings.kms_key_arns.environment]) : {
      sid        = "EnvironmentKey"
      effect     = "Allow"
      actions    = ["kms:Decrypt"]
      resources  = [key]
      conditions = {}
    }
  ]

  network_actions = [
    "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
  ]

  network_statements = [for statement in [
    {
      # Lambda itself makes the function's interfaces, by the function's role, and takes no other resource than *.
      sid        = "Network"
      effect     = "Allow"
      actions    = local.network_actions
      resources  = ["*"]
      conditions = {}
    },
    {
      # The program has the same role, and makes none.
      sid        = "NetworkByLambdaOnly"
      effect     = "Deny"
      actions    = local.network_actions
      resources  = ["*"]
      conditions = { ArnEquals = { "lambda:SourceFunctionArn" = ["${var.settings.function_arn_prefix}${var.name}"] } }
    },
  ] : statement if var.settings.vpc != null && !local.is_managed]

  statements = concat(
    [for statement in var.statements : merge(statement, { effect = "Allow" })],
    local.event_statements,
    [
      {
        # The group is made here, so that the function need not be able to make groups. Streams are made as needed.
        sid        = "Log"
        effect     = "Allow"
        actions    = ["logs:CreateLogStream", "logs:PutLogEvents"]
        resources  = ["${aws_cloudwatch_log_group.function.arn}:log-stream:*"]
        conditions = {}
      },
    ],
    local.trace_statements,
    local.environment_key_statements,
    local.network_statements,
  )

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in local.statements : merge(
      {
        Sid      = statement.sid
        Effect   = statement.effect
        Action   = statement.actions
        Resource = statement.resources
      },
      length(statement.conditions) == 0 ? {} : { Condition = statement.conditions },
    )]
  })
}

resource "aws_iam_role" "function" {
  count = local.has_own_role ? 1 : 0

  name                 = var.role_name
  path                 = var.settings.role_path
  permissions_boundary = var.settings.permissions_boundary_arn
  description          = "Role of the function ${var.name}"
  tags                 = var.settings.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  count = local.has_own_role ? 1 : 0

  name   = var.name
  role   = aws_iam_role.function[0].id
  policy = local.policy
}
