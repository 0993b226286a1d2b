# API Gateway's own address stays reachable beside the domain, and frames are pushed through it, unless it is disabled.
resource "aws_apigatewayv2_domain_name" "gateway" {
  count = var.domain_name == "" ? 0 : 1

  region      = var.aws_region
  domain_name = var.domain_name
  tags        = var.tags

  domain_name_configuration {
    certificate_arn = var.domain_certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
    ip_address_type = var.ip_address_type
  }
}

resource "aws_apigatewayv2_api_mapping" "gateway" {
  count = var.domain_name == "" ? 0 : 1

  region          = var.aws_region
  api_id          = aws_apigatewayv2_api.gateway.id
  domain_name     = aws_apigatewayv2_domain_name.gateway[0].domain_name
  stage           = aws_apigatewayv2_stage.gateway.id
  api_mapping_key = var.api_mapping_key == "" ? null : var.api_mapping_key
}

resource "aws_route53_record" "gateway" {
  for_each = var.domain_hosted_zone_id == "" ? toset([]) : var.ip_address_type == "dualstack" ? toset(["A", "AAAA"]) : toset(["A"])

  zone_id = var.domain_hosted_zone_id
  name    = var.domain_name
  type    = each.key

  alias {
    name                   = aws_apigatewayv2_domain_name.gateway[0].domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.gateway[0].domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = false
  }
}
