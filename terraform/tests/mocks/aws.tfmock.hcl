# What AWS would answer, so that a test can compare whole ARNs and URLs.

mock_data "aws_region" {
  defaults = { region = "eu-central-1" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}

mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_resource "aws_apigatewayv2_api" {
  defaults = {
    id            = "api0000000"
    api_endpoint  = "wss://api0000000.execute-api.eu-central-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-central-1:111122223333:api0000000"
  }
}

mock_resource "aws_apigatewayv2_deployment" {
  defaults = { id = "deploy" }
}

mock_resource "aws_apigatewayv2_stage" {
  defaults = {
    arn        = "arn:aws:apigateway:eu-central-1::/apis/api0000000/stages/prod"
    invoke_url = "wss://api0000000.execute-api.eu-central-1.amazonaws.com/prod"
  }
}

mock_resource "aws_apigatewayv2_authorizer" {
  defaults = { id = "auth00" }
}

mock_resource "aws_apigatewayv2_domain_name" {
  defaults = {
    domain_name_configuration = {
      target_domain_name = "d-000000.execute-api.eu-central-1.amazonaws.com"
      hosted_zone_id     = "Z000000"
    }
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:some" }
}

mock_resource "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/agentcore-gateway-prod" }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    id                          = "agentcore-gateway-prod-uploads-0000"
    arn                         = "arn:aws:s3:::agentcore-gateway-prod-uploads-0000"
    bucket                      = "agentcore-gateway-prod-uploads-0000"
    bucket_regional_domain_name = "agentcore-gateway-prod-uploads-0000.s3.eu-central-1.amazonaws.com"
  }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/some" }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn        = "arn:aws:lambda:eu-central-1:111122223333:function:some"
    invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:some/invocations"
    version    = "7"
  }
}

mock_resource "aws_lambda_alias" {
  defaults = {
    arn        = "arn:aws:lambda:eu-central-1:111122223333:function:some:live"
    invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:some:live/invocations"
  }
}

override_resource {
  target = aws_apigatewayv2_integration.function["message"]
  values = { id = "message" }
}

override_resource {
  target = aws_apigatewayv2_integration.function["connections"]
  values = { id = "connections" }
}

override_resource {
  target = aws_apigatewayv2_integration.ping
  values = { id = "ping" }
}

override_resource {
  target = aws_sqs_queue.prompts
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-prompts.fifo"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-prompts.fifo"
  }
}

override_resource {
  target = aws_sqs_queue.given_up
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-given-up.fifo"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-given-up.fifo"
  }
}

override_resource {
  target = aws_sqs_queue.dead_letters
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-dead-letters.fifo"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-dead-letters.fifo"
  }
}

override_resource {
  target = aws_sqs_queue.replies
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-replies.fifo"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-replies.fifo"
  }
}

override_resource {
  target = aws_sqs_queue.replies_dead_letters
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-replies-dead-letters.fifo"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-replies-dead-letters.fifo"
  }
}

override_resource {
  target = aws_sqs_queue.watch
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-watch"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-watch"
  }
}

override_resource {
  target = aws_sqs_queue.watch_dead_letters
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-watch-dead-letters"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/agentcore-gateway-prod-watch-dead-letters"
  }
}

override_resource {
  target = aws_apigatewayv2_route.route["$default"]
  values = { id = "route-default" }
}

override_resource {
  target = aws_apigatewayv2_route.route["resume"]
  values = { id = "route-resume" }
}

override_resource {
  target = aws_apigatewayv2_route.route["stop"]
  values = { id = "route-stop" }
}

override_resource {
  target = aws_apigatewayv2_route.route["ping"]
  values = { id = "route-ping" }
}

override_resource {
  target = aws_apigatewayv2_route.route["upload"]
  values = { id = "route-upload" }
}
