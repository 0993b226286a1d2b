# What an earlier release made and had another address for.

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = toset(["message", "connections", "worker", "relay", "closer", "authorizer"])

  alarm_name          = "agentcore-gateway-prod-${each.key}-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
}

resource "aws_route53_record" "gateway" {
  #checkov:skip=CKV2_AWS_23:What it points to is not made here
  count = 1

  zone_id = "Z0123456789"
  name    = "gateway.example.com"
  type    = "A"

  alias {
    name                   = "d-000000.execute-api.eu-central-1.amazonaws.com"
    zone_id                = "Z000000"
    evaluate_target_health = false
  }
}

output "alarms" {
  value = { for key, alarm in aws_cloudwatch_metric_alarm.errors : "${key}-errors" => alarm.arn }
}

output "record" {
  value = aws_route53_record.gateway[0].fqdn
}
