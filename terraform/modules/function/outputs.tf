output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.function.arn
}

output "alias_arn" {
  description = "ARN by which the function is called: of its alias, or of the one version that is published."
  value       = local.is_managed ? "${aws_lambda_function.function.arn}:${local.published}" : aws_lambda_alias.live[0].arn
}

output "alias_name" {
  description = "Name of the alias."
  value       = local.is_managed ? local.published : aws_lambda_alias.live[0].name
}

output "invoke_arn" {
  description = "ARN by which API Gateway invokes the function: of its alias. Null on managed instances."
  value       = one(aws_lambda_alias.live[*].invoke_arn)
}

output "live_version" {
  description = "The version that is called."
  value       = local.is_managed ? local.published : aws_lambda_alias.live[0].function_version
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.function.function_name
}

output "role_name" {
  description = "Name of the role."
  value       = local.has_own_role ? aws_iam_role.function[0].name : reverse(split("/", local.role_arn))[0]
}

output "role_arn" {
  description = "ARN of the role."
  value       = local.role_arn
}

output "log_group" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.function.name
}

output "log_group_arn" {
  description = "ARN of the log group."
  value       = aws_cloudwatch_log_group.function.arn
}

output "policy" {
  description = "The policy that the role has or, if it was there already, needs, as JSON."
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
    log_class     = aws_cloudwatch_log_group.function.log_group_class
    log_key       = aws_cloudwatch_log_group.function.kms_key_id
    key           = aws_lambda_function.function.kms_key_arn
    vpc           = one(aws_lambda_function.function.vpc_config[*])
    managed       = one(flatten(aws_lambda_function.function.capacity_provider_config[*].lambda_managed_instances_capacity_provider_config))
    environments  = one(flatten(aws_lambda_function_scaling_config.published[*].function_scaling_config))
    archive       = [aws_lambda_function.function.filename, aws_lambda_function.function.s3_bucket, aws_lambda_function.function.s3_key]
    publish       = aws_lambda_function.function.publish
    provisioned   = one(aws_lambda_provisioned_concurrency_config.live[*].provisioned_concurrent_executions)
    role          = aws_lambda_function.function.role
    role_path     = one(aws_iam_role.function[*].path)
    boundary      = one(aws_iam_role.function[*].permissions_boundary)
  }
}
