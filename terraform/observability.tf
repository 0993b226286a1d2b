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
