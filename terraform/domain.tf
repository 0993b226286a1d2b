# API Gateway's own address stays reachable beside the domain: frames are pushed through it.
resource "aws_apigatewayv2_domain_name" "gateway" {
  count = var.domain_name == "" ? 0 : 1

  region      = var.aws_region
  domain_name = var.domain_name
  tags        = var.tags

  domain_name_configuration {
    certificate_arn = var.domain_certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "gateway" {
  count = var.domain_name == "" ? 0 : 1

  region      = var.aws_region
  api_id      = aws_apigatewayv2_api.gateway.id
  domain_name = aws_apigatewayv2_domain_name.gateway[0].domain_name
  stage       = aws_apigatewayv2_stage.gateway.id
}

resource "aws_route53_record" "gateway" {
  count = var.domain_hosted_zone_id == "" ? 0 : 1

  zone_id = var.domain_hosted_zone_id
  name    = var.domain_name
  type    = "A"

  alias {
    name                   = aws_apigatewayv2_domain_name.gateway[0].domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.gateway[0].domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = false
  }
}
