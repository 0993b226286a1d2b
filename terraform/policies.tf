# What each function may do, beyond its own log and trace (modules/function). The authorizer may do nothing.

locals {
  table_statement = {
    sid       = "Table"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"]
    resources = [aws_dynamodb_table.sessions.arn]
  }

  message_statements = [
    {
      sid       = "Prompts"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.prompts.arn]
    },
  ]

  # Connection ids are made as clients come, so the last part of the ARN has to be open.
  connections_statements = [
    local.table_statement,
    {
      sid       = "Push"
      actions   = ["execute-api:ManageConnections"]
      resources = ["${local.stage_execution_arn}/POST/@connections/*"]
    },
  ]

  worker_statements = concat(
    [
      local.table_statement,
      {
        sid     = "Push"
        actions = ["execute-api:ManageConnections"]
        resources = [
          "${local.stage_execution_arn}/POST/@connections/*",
          "${local.stage_execution_arn}/DELETE/@connections/*",
        ]
      },
      {
        sid       = "Prompts"
        actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
        resources = [aws_sqs_queue.prompts.arn]
      },
    ],
    length(local.agents) == 0 ? [] : [
      {
        # AgentCore checks both the runtime and the endpoint of it that is called.
        sid       = "Agents"
        actions   = ["bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:StopRuntimeSession"]
        resources = distinct(flatten([for agent in values(local.agents) : [agent.runtime_arn, "${agent.runtime_arn}/runtime-endpoint/*"]]))
      },
    ],
  )
}
