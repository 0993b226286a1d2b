locals {
  functions = merge(
    { message = module.message, connections = module.connections, worker = module.worker, closer = module.closer },
    local.has_long_runs ? { relay = module.relay[0] } : {},
    var.auth == "jwt" ? { authorizer = module.authorizer[0] } : {},
  )
}

output "websocket_url" {
  description = "Where clients connect: the custom domain if there is one, else API Gateway's own address."
  value       = var.domain_name == "" ? aws_apigatewayv2_stage.gateway.invoke_url : "wss://${local.domain_address}"
}

output "management_endpoint" {
  description = "Where frames are pushed to connections."
  value       = local.management_endpoint
}

output "connect_route_arn" {
  description = "With `auth = \"iam\"`, what a client needs `execute-api:Invoke` on."
  value       = "${local.stage_execution_arn}/$connect"
}

output "api_id" {
  description = "Id of the WebSocket API."
  value       = aws_apigatewayv2_api.gateway.id
}

output "stage_arn" {
  description = "ARN of the API's stage."
  value       = aws_apigatewayv2_stage.gateway.arn
}

output "execution_arn" {
  description = "ARN of the API's stage as policies and permissions name it: `<this>/POST/@connections/*` is what pushing is allowed on."
  value       = local.stage_execution_arn
}

output "domain_target" {
  description = "What a record for the custom domain has to point to; null without one."
  value       = one(aws_apigatewayv2_domain_name.gateway[*].domain_name_configuration[0].target_domain_name)
}

output "hosted_zone_id" {
  description = "Zone of `domain_target`, as an alias record names it; null without a custom domain."
  value       = one(aws_apigatewayv2_domain_name.gateway[*].domain_name_configuration[0].hosted_zone_id)
}

output "function_names" {
  description = "Name of each function."
  value       = { for name, function in local.functions : name => function.function_name }
}

output "function_arns" {
  description = "ARN of each function."
  value       = { for name, function in local.functions : name => function.arn }
}

output "function_versions" {
  description = "The version of each function that is called: what to give `function_versions` to come back to it."
  value       = { for name, function in local.functions : name => function.live_version }
}

output "function_policies" {
  description = "The policy of each function's role, as JSON: what roles of yours need (`existing_role_arns`)."
  value       = { for name, function in local.functions : name => function.policy }
}

output "role_names" {
  description = "Name of each function's role."
  value       = { for name, function in local.functions : name => function.role_name }
}

output "role_arns" {
  description = "ARN of each function's role."
  value       = { for name, function in local.functions : name => function.role_arn }
}

output "log_groups" {
  description = "Log group of each function, and of the access log as `access` if there is one."
  value = merge(
    { for name, function in local.functions : name => function.log_group },
    { for group in aws_cloudwatch_log_group.access : "access" => group.name },
  )
}

output "log_group_arns" {
  description = "ARN of each of these log groups."
  value = merge(
    { for name, function in local.functions : name => function.log_group_arn },
    { for group in aws_cloudwatch_log_group.access : "access" => group.arn },
  )
}

output "queue_arns" {
  description = "ARN of each queue."
  value = merge(
    {
      prompts      = aws_sqs_queue.prompts.arn
      given_up     = aws_sqs_queue.given_up.arn
      dead_letters = aws_sqs_queue.dead_letters.arn
    },
    { for queue in aws_sqs_queue.replies : "replies" => queue.arn },
    { for queue in aws_sqs_queue.replies_dead_letters : "replies_dead_letters" => queue.arn },
    { for queue in aws_sqs_queue.watch : "watch" => queue.arn },
    { for queue in aws_sqs_queue.watch_dead_letters : "watch_dead_letters" => queue.arn },
  )
}

output "prompts_queue_url" {
  description = "URL of the queue between `message` and `worker`."
  value       = aws_sqs_queue.prompts.url
}

output "given_up_queue_url" {
  description = "URL of the queue between `worker` and `closer`: prompts that no worker could take."
  value       = aws_sqs_queue.given_up.url
}

output "dead_letter_queue_url" {
  description = "URL of the queue of prompts that have no ending."
  value       = aws_sqs_queue.dead_letters.url
}

output "replies_queue_url" {
  description = "With `long_runs`, URL of the queue that agents send to: the variable `GATEWAY_REPLY_QUEUE_URL` of each. Null without."
  value       = one(aws_sqs_queue.replies[*].url)
}

output "agent_policy_json" {
  description = "With `long_runs`, the policy that the execution role of each of these agents needs besides its own. Null without."
  value       = local.has_long_runs ? local.agent_policy : null
}

output "table_name" {
  description = "Name of the table of sessions and journals."
  value       = aws_dynamodb_table.sessions.name
}

output "table_arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.sessions.arn
}

output "uploads_bucket_arn" {
  description = "ARN of the bucket of uploads; null without."
  value       = one(aws_s3_bucket.uploads[*].arn)
}

output "uploads_bucket" {
  description = "Name of the bucket of uploads; null without."
  value       = one(aws_s3_bucket.uploads[*].bucket)
}
