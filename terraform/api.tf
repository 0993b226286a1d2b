resource "aws_apigatewayv2_api" "gateway" {
  region                     = var.aws_region
  name                       = local.name
  description                = "WebSocket gateway to agents on Bedrock AgentCore Runtime"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
  ip_address_type            = var.ip_address_type
  tags                       = var.tags

  disable_execute_api_endpoint = var.disable_execute_api_endpoint
}

locals {
  # Which function takes a route; null is API Gateway itself. What a function returns reaches the client only on a
  # route that answers, that is, has a route response.
  routes = {
    "$connect"    = { function = "connections", answers = false }
    "$disconnect" = { function = "connections", answers = false }
    "$default"    = { function = "message", answers = true }
    "resume"      = { function = "connections", answers = true }
    "stop"        = { function = "connections", answers = true }
    "upload"      = { function = "connections", answers = true }
    "ping"        = { function = null, answers = true }
  }

  route_functions = {
    message     = module.message
    connections = module.connections
  }

  # Who a client is gets decided once, on $connect; API Gateway takes no authorization on other routes.
  connect_authorization = { none = "NONE", iam = "AWS_IAM", jwt = "CUSTOM" }[var.auth]
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.route_functions

  region             = var.aws_region
  api_id             = aws_apigatewayv2_api.gateway.id
  integration_type   = "AWS_PROXY"
  integration_method = "POST"
  integration_uri    = each.value.invoke_arn
}

# A ping runs no function: API Gateway's mock answers it.
resource "aws_apigatewayv2_integration" "ping" {
  region                        = var.aws_region
  api_id                        = aws_apigatewayv2_api.gateway.id
  integration_type              = "MOCK"
  template_selection_expression = "200"
  request_templates             = { "200" = jsonencode({ statusCode = 200 }) }
}

resource "aws_apigatewayv2_integration_response" "pong" {
  region                        = var.aws_region
  api_id                        = aws_apigatewayv2_api.gateway.id
  integration_id                = aws_apigatewayv2_integration.ping.id
  integration_response_key      = "/200/"
  template_selection_expression = "200"
  response_templates            = { "200" = jsonencode({ type = "pong" }) }
}

resource "aws_apigatewayv2_route" "route" {
  for_each = local.routes

  region    = var.aws_region
  api_id    = aws_apigatewayv2_api.gateway.id
  route_key = each.key
  target = join("/", ["integrations", (
    each.value.function == null
    ? aws_apigatewayv2_integration.ping.id
    : aws_apigatewayv2_integration.function[each.value.function].id
  )])
  authorization_type                  = each.key == "$connect" ? local.connect_authorization : "NONE"
  authorizer_id                       = each.key == "$connect" ? one(aws_apigatewayv2_authorizer.jwt[*].id) : null
  route_response_selection_expression = each.value.answers ? "$default" : null
}

resource "aws_apigatewayv2_route_response" "answer" {
  for_each = { for key, route in local.routes : key => route if route.answers }

  region             = var.aws_region
  api_id             = aws_apigatewayv2_api.gateway.id
  route_id           = aws_apigatewayv2_route.route[each.key].id
  route_response_key = "$default"
}

# The token may come in one of three places, and API Gateway refuses a client that lacks any of the sources listed. Its
# API wants at least one, so this is the one that every client has.
resource "aws_apigatewayv2_authorizer" "jwt" {
  count = var.auth == "jwt" ? 1 : 0

  region           = var.aws_region
  api_id           = aws_apigatewayv2_api.gateway.id
  name             = local.name
  authorizer_type  = "REQUEST"
  authorizer_uri   = module.authorizer[0].invoke_arn
  identity_sources = ["route.request.header.Host"]

  # When `auth` changes, $connect lets go of it before it is deleted.
  lifecycle {
    create_before_destroy = true
  }
}

# A permission that takes another's place is there before that one goes, which is when the stage has its new deployment. So
# no two have the same id.
resource "aws_lambda_permission" "route" {
  for_each = { for key, route in local.routes : key => route if route.function != null }

  region              = var.aws_region
  statement_id_prefix = "route-${trimprefix(each.key, "$")}-"
  action              = "lambda:InvokeFunction"
  function_name       = local.route_functions[each.value.function].function_name
  qualifier           = local.route_functions[each.value.function].alias_name
  principal           = "apigateway.amazonaws.com"
  source_arn          = "${local.stage_execution_arn}/${each.key}"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lambda_permission" "authorizer" {
  count = var.auth == "jwt" ? 1 : 0

  region              = var.aws_region
  statement_id_prefix = "authorizer-"
  action              = "lambda:InvokeFunction"
  function_name       = module.authorizer[0].function_name
  qualifier           = module.authorizer[0].alias_name
  principal           = "apigateway.amazonaws.com"
  source_arn          = "${aws_apigatewayv2_api.gateway.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.jwt[0].id}"

  lifecycle {
    create_before_destroy = true
  }
}

# A deployment is a snapshot of the API. A new one is made whenever a part of it changes.
resource "aws_apigatewayv2_deployment" "gateway" {
  region      = var.aws_region
  api_id      = aws_apigatewayv2_api.gateway.id
  description = "The routes of ${local.name}"

  triggers = {
    api = sha256(jsonencode([
      aws_apigatewayv2_api.gateway.route_selection_expression,
      # Without a deployment the address stays as it was.
      aws_apigatewayv2_api.gateway.disable_execute_api_endpoint,
      aws_apigatewayv2_route.route,
      aws_apigatewayv2_integration.function,
      aws_apigatewayv2_integration.ping,
      aws_apigatewayv2_integration_response.pong,
      aws_apigatewayv2_route_response.answer,
      aws_apigatewayv2_authorizer.jwt,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_stage" "gateway" {
  region        = var.aws_region
  api_id        = aws_apigatewayv2_api.gateway.id
  name          = var.stage_name
  deployment_id = aws_apigatewayv2_deployment.gateway.id
  tags          = var.tags

  # No execution logs: they would hold prompts. Throttling counts by route.
  default_route_settings {
    logging_level            = "OFF"
    data_trace_enabled       = false
    detailed_metrics_enabled = var.detailed_metrics
    throttling_rate_limit    = var.route_throttling.default.rate_limit
    throttling_burst_limit   = var.route_throttling.default.burst_limit
  }

  # Of a route's own settings nothing is the default's.
  dynamic "route_settings" {
    for_each = { "$connect" = var.route_throttling.connect, "ping" = var.route_throttling.ping }
    content {
      route_key                = route_settings.key
      logging_level            = "OFF"
      data_trace_enabled       = false
      detailed_metrics_enabled = var.detailed_metrics
      throttling_rate_limit    = route_settings.value.rate_limit
      throttling_burst_limit   = route_settings.value.burst_limit
    }
  }

  dynamic "access_log_settings" {
    for_each = aws_cloudwatch_log_group.access
    content {
      destination_arn = access_log_settings.value.arn
      format          = local.access_log_format
    }
  }

  # Who comes as soon as there is an address finds functions that API Gateway may invoke.
  depends_on = [aws_api_gateway_account.logging, aws_lambda_permission.route, aws_lambda_permission.authorizer]
}
