output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.function.arn
}

output "invoke_arn" {
  description = "ARN by which API Gateway invokes the function."
  value       = aws_lambda_function.function.invoke_arn
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.function.function_name
}

output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.function.name
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.function.arn
}

output "log_group" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.function.name
}

output "policy" {
  description = "The policy of the role, as JSON."
  value       = local.policy
}

output "configuration" {
  description = "How the function is configured."
  value = {
    architectures = aws_lambda_function.function.architectures
    environment   = aws_lambda_function.function.environment[0].variables
    memory_mb     = aws_lambda_function.function.memory_size
    timeout       = aws_lambda_function.function.timeout
    reserved      = aws_lambda_function.function.reserved_concurrent_executions
    runtime       = aws_lambda_function.function.runtime
    handler       = aws_lambda_function.function.handler
    log_format    = aws_lambda_function.function.logging_config[0].log_format
    log_level     = aws_lambda_function.function.logging_config[0].application_log_level
    tracing       = aws_lambda_function.function.tracing_config[0].mode
    log_retention = aws_cloudwatch_log_group.function.retention_in_days
  }
}
