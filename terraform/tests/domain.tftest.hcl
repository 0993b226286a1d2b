# The custom domain: where clients connect, and where frames are pushed.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  auth                   = "iam"
  agentcore_runtime_arn  = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
  domain_name            = "gateway.example.com"
  domain_certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0123-4567"
  domain_hosted_zone_id  = "Z0123456789"
}

run "as_it_comes" {
  command = plan

  assert {
    condition     = output.websocket_url == "wss://gateway.example.com" && aws_apigatewayv2_api_mapping.gateway[0].api_mapping_key == null
    error_message = "Clients connect to the domain"
  }

  assert {
    condition     = output.management_endpoint == "https://api0000000.execute-api.eu-central-1.amazonaws.com/prod" && !aws_apigatewayv2_api.gateway.disable_execute_api_endpoint
    error_message = "Frames are pushed through API Gateway's own address, which is there"
  }

  assert {
    condition     = aws_apigatewayv2_domain_name.gateway[0].domain_name_configuration[0].security_policy == "TLS_1_2" && aws_apigatewayv2_domain_name.gateway[0].domain_name_configuration[0].endpoint_type == "REGIONAL"
    error_message = "The domain is regional and speaks TLS 1.2 at least"
  }

  assert {
    condition = (
      keys(aws_route53_record.gateway) == ["A"] &&
      aws_route53_record.gateway["A"].name == "gateway.example.com" &&
      aws_route53_record.gateway["A"].alias[0].name == output.domain_target
    )
    error_message = "The record points to the domain's target"
  }

  assert {
    condition     = aws_apigatewayv2_api.gateway.ip_address_type == "ipv4" && aws_apigatewayv2_domain_name.gateway[0].domain_name_configuration[0].ip_address_type == "ipv4"
    error_message = "Clients come by IPv4"
  }
}

run "as_the_only_way_in" {
  command = plan

  variables {
    api_mapping_key              = "chat/v1"
    disable_execute_api_endpoint = true
    ip_address_type              = "dualstack"
    max_upload_bytes             = 0
    agents                       = { research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", long_runs = true } }
  }

  assert {
    condition     = aws_apigatewayv2_api.gateway.disable_execute_api_endpoint
    error_message = "API Gateway's own address is off"
  }

  assert {
    condition     = output.websocket_url == "wss://gateway.example.com/chat/v1" && aws_apigatewayv2_api_mapping.gateway[0].api_mapping_key == "chat/v1"
    error_message = "Clients connect to the path of the domain"
  }

  assert {
    condition = alltrue([for function in [module.connections, module.worker, module.relay[0], module.closer] : (
      function.configuration.environment.MANAGEMENT_ENDPOINT == "https://gateway.example.com/chat/v1"
    )]) && output.management_endpoint == "https://gateway.example.com/chat/v1"
    error_message = "Who pushes does so through the domain"
  }

  assert {
    condition     = jsondecode(module.worker.policy).Statement[1].Resource == ["arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod/POST/@connections/*"]
    error_message = "What may be pushed to is the API's stage, whatever the address"
  }

  assert {
    condition = (
      aws_apigatewayv2_api.gateway.ip_address_type == "dualstack" &&
      aws_apigatewayv2_domain_name.gateway[0].domain_name_configuration[0].ip_address_type == "dualstack" &&
      { for key, record in aws_route53_record.gateway : key => [record.type, record.name, record.alias[0].name] } == {
        for type in ["A", "AAAA"] : type => [type, "gateway.example.com", output.domain_target]
      }
    )
    error_message = "Clients come by IPv6 too, and find the way"
  }
}

run "with_a_record_of_ones_own" {
  command = plan

  variables {
    domain_hosted_zone_id = ""
  }

  assert {
    condition     = length(aws_route53_record.gateway) == 0 && output.domain_target == "d-000000.execute-api.eu-central-1.amazonaws.com"
    error_message = "Without a zone no record is made"
  }
}
