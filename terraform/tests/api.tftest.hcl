# Routes, what they run, what is answered, and who is let in.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
}

run "anybody_may_connect" {
  command = plan

  variables {
    auth = "none"
  }

  expect_failures = [check.clients_are_authenticated]

  assert {
    condition = { for key, route in aws_apigatewayv2_route.route : key => route.target } == {
      "$connect"    = "integrations/connections"
      "$disconnect" = "integrations/connections"
      "$default"    = "integrations/message"
      "resume"      = "integrations/connections"
      "stop"        = "integrations/connections"
      "upload"      = "integrations/connections"
      "ping"        = "integrations/ping"
    }
    error_message = "Each route runs its function, and ping none"
  }

  assert {
    condition     = alltrue([for key, route in aws_apigatewayv2_route.route : route.route_key == key])
    error_message = "A route is filed under its key"
  }

  assert {
    condition     = aws_apigatewayv2_api.gateway.route_selection_expression == "$request.body.action" && aws_apigatewayv2_api.gateway.protocol_type == "WEBSOCKET"
    error_message = "The member \"action\" of a message selects the route"
  }

  assert {
    condition = (
      toset(keys(aws_apigatewayv2_route_response.answer)) == toset(["$default", "ping", "resume", "stop", "upload"]) &&
      alltrue([for key, response in aws_apigatewayv2_route_response.answer : response.route_response_key == "$default" && response.route_id == "route-${trimprefix(key, "$")}"]) &&
      toset([for key, route in aws_apigatewayv2_route.route : key if route.route_response_selection_expression == "$default"]) == toset(["$default", "ping", "resume", "stop", "upload"])
    )
    error_message = "What a function returns reaches the client on $default, resume, stop, upload and ping, and on no other route"
  }

  assert {
    condition     = alltrue([for integration in aws_apigatewayv2_integration.function : integration.integration_type == "AWS_PROXY" && integration.integration_method == "POST"])
    error_message = "Functions get API Gateway's own event"
  }

  assert {
    condition = (
      aws_apigatewayv2_integration.ping.integration_type == "MOCK" &&
      aws_apigatewayv2_integration.ping.integration_uri == null &&
      jsondecode(aws_apigatewayv2_integration.ping.request_templates[aws_apigatewayv2_integration.ping.template_selection_expression]) == { statusCode = 200 } &&
      aws_apigatewayv2_integration_response.pong.integration_response_key == "/200/" &&
      aws_apigatewayv2_integration_response.pong.response_templates[aws_apigatewayv2_integration_response.pong.template_selection_expression] == "{\"type\":\"pong\"}"
    )
    error_message = "A ping is answered with a pong, without a function"
  }

  assert {
    condition = { for key, permission in aws_lambda_permission.route : key => [permission.function_name, permission.source_arn, permission.principal, permission.action] } == {
      "$connect"    = ["agentcore-gateway-prod-connections", "arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/$connect", "apigateway.amazonaws.com", "lambda:InvokeFunction"]
      "$disconnect" = ["agentcore-gateway-prod-connections", "arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/$disconnect", "apigateway.amazonaws.com", "lambda:InvokeFunction"]
      "$default"    = ["agentcore-gateway-prod-message", "arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/$default", "apigateway.amazonaws.com", "lambda:InvokeFunction"]
      "resume"      = ["agentcore-gateway-prod-connections", "arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/resume", "apigateway.amazonaws.com", "lambda:InvokeFunction"]
      "stop"        = ["agentcore-gateway-prod-connections", "arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/stop", "apigateway.amazonaws.com", "lambda:InvokeFunction"]
      "upload"      = ["agentcore-gateway-prod-connections", "arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/upload", "apigateway.amazonaws.com", "lambda:InvokeFunction"]
    }
    error_message = "API Gateway may invoke each function from its routes of this stage, and from no other"
  }

  assert {
    condition     = alltrue([for permission in aws_lambda_permission.route : can(regex("^[a-zA-Z0-9-_]+-$", permission.statement_id_prefix))])
    error_message = "Lambda takes letters, digits, hyphens and underscores in the id of a statement, and each has one of its own"
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.route : route.authorization_type == "NONE"]) && length(aws_apigatewayv2_authorizer.jwt) == 0 && length(module.authorizer) == 0
    error_message = "With auth = none nobody is asked, and there is no authorizer"
  }

  assert {
    condition = (
      aws_apigatewayv2_stage.gateway.name == "prod" &&
      aws_apigatewayv2_stage.gateway.deployment_id == "deploy" &&
      aws_apigatewayv2_stage.gateway.default_route_settings[0].throttling_rate_limit == 500 &&
      aws_apigatewayv2_stage.gateway.default_route_settings[0].throttling_burst_limit == 1000 &&
      { for route in aws_apigatewayv2_stage.gateway.route_settings : route.route_key => [route.throttling_rate_limit, route.throttling_burst_limit] } == {
        "$connect" = [200, 400]
        "ping"     = [500, 1000]
      }
    )
    error_message = "The stage serves the deployment, each route throttled"
  }

  assert {
    condition = alltrue([for route in concat(tolist(aws_apigatewayv2_stage.gateway.default_route_settings), [for own in aws_apigatewayv2_stage.gateway.route_settings : merge(own, {})]) : (
      route.detailed_metrics_enabled && route.logging_level == "OFF" && !route.data_trace_enabled
    )])
    error_message = "Each route has metrics of its own, and none a log of messages"
  }

  assert {
    condition = (
      !strcontains(local.access_log_format, "query") && !strcontains(local.access_log_format, "$input")
    )
    error_message = "No log of API Gateway holds prompts, tokens or session ids"
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.access) == 0 && length(aws_apigatewayv2_stage.gateway.access_log_settings) == 0
    error_message = "An account in which API Gateway may not write logs is no reason to fail"
  }

  assert {
    condition     = length(aws_api_gateway_account.logging) == 0
    error_message = "A setting of the whole region is left alone"
  }

  assert {
    condition = (
      output.websocket_url == "wss://api0000000.execute-api.eu-central-1.amazonaws.com/prod" &&
      output.management_endpoint == "https://api0000000.execute-api.eu-central-1.amazonaws.com/prod"
    )
    error_message = "Clients connect to, and frames are pushed to, the stage"
  }
}

run "signed_requests_may_connect" {
  command = plan

  variables {
    auth = "iam"
  }

  assert {
    condition     = { for key, route in aws_apigatewayv2_route.route : key => route.authorization_type if route.authorization_type != "NONE" } == { "$connect" = "AWS_IAM" }
    error_message = "$connect has to be signed, and nothing else can be"
  }

  assert {
    condition     = length(aws_apigatewayv2_authorizer.jwt) == 0 && length(module.authorizer) == 0
    error_message = "IAM needs no authorizer"
  }

  assert {
    condition     = output.connect_route_arn == "arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/$connect"
    error_message = "Clients need execute-api:Invoke on $connect"
  }
}

run "tokens_may_connect" {
  command = plan

  variables {
    auth          = "jwt"
    jwt_issuer    = "https://issuer.example.com"
    jwt_audiences = ["gateway"]
  }

  assert {
    condition     = { for key, route in aws_apigatewayv2_route.route : key => [route.authorization_type, route.authorizer_id] if route.authorization_type != "NONE" } == { "$connect" = ["CUSTOM", "auth00"] }
    error_message = "The authorizer stands before $connect, and before nothing else"
  }

  assert {
    condition     = alltrue([for key, route in aws_apigatewayv2_route.route : route.authorizer_id == null if key != "$connect"])
    error_message = "API Gateway takes authorizers on $connect only"
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.jwt[0].authorizer_type == "REQUEST" && aws_apigatewayv2_authorizer.jwt[0].identity_sources == toset(["route.request.header.Host"])
    error_message = "The authorizer sees every request: with another source API Gateway would refuse tokens that come elsewhere"
  }

  assert {
    condition     = aws_lambda_permission.authorizer[0].source_arn == "arn:aws:execute-api:eu-central-1:111122223333:api0000000/authorizers/auth00" && aws_lambda_permission.authorizer[0].function_name == "agentcore-gateway-prod-authorizer"
    error_message = "API Gateway may invoke the authorizer as this authorizer only"
  }
}

run "each_route_is_throttled_as_it_is_told" {
  command = plan

  variables {
    auth                       = "iam"
    manage_api_gateway_account = true
    detailed_metrics           = false
    route_throttling = {
      default = { rate_limit = 10, burst_limit = 20 }
      connect = { rate_limit = 5 }
      ping    = { burst_limit = 40 }
    }
  }

  assert {
    condition = (
      aws_apigatewayv2_stage.gateway.default_route_settings[0].throttling_rate_limit == 10 &&
      aws_apigatewayv2_stage.gateway.default_route_settings[0].throttling_burst_limit == 20 &&
      { for route in aws_apigatewayv2_stage.gateway.route_settings : route.route_key => [route.throttling_rate_limit, route.throttling_burst_limit] } == {
        "$connect" = [5, 400]
        "ping"     = [500, 40]
      }
    )
    error_message = "Throttling is a setting of each route"
  }

  assert {
    condition     = !anytrue(concat([for route in aws_apigatewayv2_stage.gateway.route_settings : route.detailed_metrics_enabled], aws_apigatewayv2_stage.gateway.default_route_settings[*].detailed_metrics_enabled))
    error_message = "Metrics of routes can be left out"
  }

  assert {
    condition     = length(aws_api_gateway_account.logging) == 1
    error_message = "The region's setting is made when asked for"
  }
}
