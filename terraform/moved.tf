# What had another address in an earlier release. Without these, what was there would be destroyed after what takes its place
# had been made under the same name: the alarms would be gone, and the record could not be made.

moved {
  from = aws_cloudwatch_metric_alarm.errors["message"]
  to   = aws_cloudwatch_metric_alarm.function["message-errors"]
}

moved {
  from = aws_cloudwatch_metric_alarm.errors["connections"]
  to   = aws_cloudwatch_metric_alarm.function["connections-errors"]
}

moved {
  from = aws_cloudwatch_metric_alarm.errors["worker"]
  to   = aws_cloudwatch_metric_alarm.function["worker-errors"]
}

moved {
  from = aws_cloudwatch_metric_alarm.errors["relay"]
  to   = aws_cloudwatch_metric_alarm.function["relay-errors"]
}

moved {
  from = aws_cloudwatch_metric_alarm.errors["closer"]
  to   = aws_cloudwatch_metric_alarm.function["closer-errors"]
}

moved {
  from = aws_cloudwatch_metric_alarm.errors["authorizer"]
  to   = aws_cloudwatch_metric_alarm.function["authorizer-errors"]
}

moved {
  from = aws_route53_record.gateway[0]
  to   = aws_route53_record.gateway["A"]
}
