# What each function may do, beyond its own log and trace and the event bus that it is told of (modules/function). The
# authorizer may do nothing.

locals {
  run_table_actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"]
  # A connection that closes is forgotten.
  connections_table_actions = concat(local.run_table_actions, ["dynamodb:DeleteItem"])

  # The first three are the event source mapping's.
  consume_actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]

  stop_actions = var.on_stop == "stop-session" ? ["bedrock-agentcore:StopRuntimeSession"] : []

  message_statements = concat(
    [
      {
        sid       = "Prompts"
        actions   = ["sqs:SendMessage"]
        resources = [aws_sqs_queue.prompts.arn]
      },
    ],
    local.queue_key_statements.send,
    var.auth != "iam" ? [] : local.table_key_statements.read,
    var.auth != "iam" ? [] : [
      {
        # With signed handshakes only the record of a connection says whose it is.
        sid       = "Connections"
        actions   = ["dynamodb:GetItem"]
        resources = [aws_dynamodb_table.sessions.arn]
        # The keys that a request names; src/table has their form.
        conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["CONNECTION#*"] } }
      },
    ],
  )

  # Connection ids are made as clients come, so the last part of the ARN has to be open.
  connections_statements = concat([
    {
      sid       = "Table"
      actions   = local.connections_table_actions
      resources = [aws_dynamodb_table.sessions.arn]
    },
    {
      sid       = "Push"
      actions   = ["execute-api:ManageConnections"]
      resources = ["${local.stage_execution_arn}/POST/@connections/*"]
    },
  ], local.uploads_offer_statements, local.table_key_statements.write, local.uploads_key_statements.put)

  # No agents: it ends what could not be run, and what nobody hears of any more.
  closer_statements = concat([
    {
      sid       = "Table"
      actions   = local.run_table_actions
      resources = [aws_dynamodb_table.sessions.arn]
    },
    {
      sid       = "Push"
      actions   = ["execute-api:ManageConnections"]
      resources = ["${local.stage_execution_arn}/POST/@connections/*"]
    },
    {
      sid       = "GivenUp"
      actions   = local.consume_actions
      resources = [aws_sqs_queue.given_up.arn]
    },
    ], !local.has_long_runs ? [] : [
    {
      sid       = "Watch"
      actions   = local.consume_actions
      resources = aws_sqs_queue.watch[*].arn
    },
  ], local.table_key_statements.write, local.queue_key_statements.receive)

  # It calls no agent: it stops the sessions of those that go on by themselves, when somebody has ended their runs.
  relay_statements = concat(
    [
      {
        sid       = "Table"
        actions   = local.run_table_actions
        resources = [aws_dynamodb_table.sessions.arn]
      },
      {
        sid       = "Push"
        actions   = ["execute-api:ManageConnections"]
        resources = ["${local.stage_execution_arn}/POST/@connections/*"]
      },
      {
        sid       = "Replies"
        actions   = local.consume_actions
        resources = aws_sqs_queue.replies[*].arn
      },
    ],
    length(local.stop_actions) == 0 ? [] : [
      {
        sid       = "Agents"
        actions   = local.stop_actions
        resources = distinct(flatten([for agent in values(local.long_run_agents) : [agent.runtime_arn, "${agent.runtime_arn}/runtime-endpoint/${agent.endpoint_name}"]]))
      },
    ],
    local.table_key_statements.write,
    local.queue_key_statements.receive,
  )

  worker_statements = concat(
    [
      {
        sid       = "Table"
        actions   = local.run_table_actions
        resources = [aws_dynamodb_table.sessions.arn]
      },
      {
        sid       = "Push"
        actions   = ["execute-api:ManageConnections"]
        resources = ["${local.stage_execution_arn}/POST/@connections/*"]
      },
      {
        sid       = "Prompts"
        actions   = local.consume_actions
        resources = [aws_sqs_queue.prompts.arn]
      },
    ],
    length(local.agents) == 0 ? [] : [
      {
        # AgentCore checks both the runtime and the endpoint of it that is called.
        sid       = "Agents"
        actions   = concat(["bedrock-agentcore:InvokeAgentRuntime"], local.stop_actions)
        resources = distinct(flatten([for agent in values(local.agents) : [agent.runtime_arn, "${agent.runtime_arn}/runtime-endpoint/${agent.endpoint_name}"]]))
      },
    ],
    !local.has_long_runs ? [] : [
      {
        sid       = "Watch"
        actions   = ["sqs:SendMessage"]
        resources = aws_sqs_queue.watch[*].arn
      },
    ],
    local.uploads_read_statements,
    local.table_key_statements.write,
    local.has_long_runs ? local.queue_key_statements.send : local.queue_key_statements.receive,
    local.uploads_key_statements.get,
  )

  # What an agent that goes on by itself needs. Its role is not made here.
  agent_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "Replies"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = aws_sqs_queue.replies[*].arn
      }],
      [for statement in local.queue_key_statements.send : {
        Sid       = statement.sid
        Effect    = "Allow"
        Action    = statement.actions
        Resource  = statement.resources
        Condition = statement.conditions
      }],
    )
  })
}
