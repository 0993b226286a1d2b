# Keys of one's own: what is encrypted by them, and who may use them for it.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  auth                  = "jwt"
  jwt_issuer            = "https://issuer.example.com"
  jwt_audiences         = ["gateway"]
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
}

run "without_keys" {
  command = plan

  variables {
    agents = { research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", long_runs = true } }
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : !strcontains(function.policy, "kms:") && function.configuration.key == null && function.configuration.log_key == null])
    error_message = "Who has no key may use none"
  }

  assert {
    condition     = !strcontains(output.agent_policy_json, "kms:")
    error_message = "Nor may an agent"
  }

  assert {
    condition = alltrue([for queue in concat([aws_sqs_queue.prompts, aws_sqs_queue.given_up, aws_sqs_queue.dead_letters], aws_sqs_queue.replies, aws_sqs_queue.replies_dead_letters, aws_sqs_queue.watch, aws_sqs_queue.watch_dead_letters) : (
      queue.sqs_managed_sse_enabled && queue.kms_master_key_id == null
    )])
    error_message = "Queues are encrypted by SQS's own key"
  }

  assert {
    condition = (
      aws_dynamodb_table.sessions.server_side_encryption[0].enabled &&
      one(aws_s3_bucket_server_side_encryption_configuration.uploads[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    )
    error_message = "Table and bucket are encrypted by keys of AWS"
  }
}

run "with_keys" {
  command = plan

  variables {
    access_logs = true
    agents      = { research = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", long_runs = true } }
    kms_key_arns = {
      table       = "arn:aws:kms:eu-central-1:111122223333:key/table"
      queues      = "arn:aws:kms:eu-central-1:111122223333:key/queues"
      uploads     = "arn:aws:kms:eu-central-1:111122223333:key/uploads"
      logs        = "arn:aws:kms:eu-central-1:111122223333:key/logs"
      environment = "arn:aws:kms:eu-central-1:111122223333:key/environment"
    }
  }

  assert {
    condition = { for name, function in local.functions : name => {
      for s in jsondecode(function.policy).Statement : "${s.Sid} ${s.Resource[0]}" => s.Action if anytrue([for action in s.Action : startswith(action, "kms:")])
      } } == {
      message = {
        "QueuesKey arn:aws:kms:eu-central-1:111122223333:key/queues"           = ["kms:Decrypt", "kms:GenerateDataKey"]
        "EnvironmentKey arn:aws:kms:eu-central-1:111122223333:key/environment" = ["kms:Decrypt"]
      }
      connections = {
        "TableKey arn:aws:kms:eu-central-1:111122223333:key/table"             = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        "UploadsKey arn:aws:kms:eu-central-1:111122223333:key/uploads"         = ["kms:GenerateDataKey"]
        "EnvironmentKey arn:aws:kms:eu-central-1:111122223333:key/environment" = ["kms:Decrypt"]
      }
      worker = {
        "TableKey arn:aws:kms:eu-central-1:111122223333:key/table"             = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        "QueuesKey arn:aws:kms:eu-central-1:111122223333:key/queues"           = ["kms:Decrypt", "kms:GenerateDataKey"]
        "UploadsKey arn:aws:kms:eu-central-1:111122223333:key/uploads"         = ["kms:Decrypt"]
        "EnvironmentKey arn:aws:kms:eu-central-1:111122223333:key/environment" = ["kms:Decrypt"]
      }
      relay = {
        "TableKey arn:aws:kms:eu-central-1:111122223333:key/table"             = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        "QueuesKey arn:aws:kms:eu-central-1:111122223333:key/queues"           = ["kms:Decrypt"]
        "EnvironmentKey arn:aws:kms:eu-central-1:111122223333:key/environment" = ["kms:Decrypt"]
      }
      closer = {
        "TableKey arn:aws:kms:eu-central-1:111122223333:key/table"             = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        "QueuesKey arn:aws:kms:eu-central-1:111122223333:key/queues"           = ["kms:Decrypt"]
        "EnvironmentKey arn:aws:kms:eu-central-1:111122223333:key/environment" = ["kms:Decrypt"]
      }
      authorizer = {
        "EnvironmentKey arn:aws:kms:eu-central-1:111122223333:key/environment" = ["kms:Decrypt"]
      }
    }
    error_message = "Each function may use the keys of what it calls, for what it does there, and no others"
  }

  assert {
    condition = alltrue(flatten([for function in values(local.functions) : [
      for s in jsondecode(function.policy).Statement : s.Condition.StringEquals["kms:ViaService"] == ["${ { TableKey = "dynamodb", QueuesKey = "sqs", UploadsKey = "s3" }[s.Sid]}.eu-central-1.amazonaws.com"]
      if contains(["TableKey", "QueuesKey", "UploadsKey"], s.Sid)
    ]]))
    error_message = "… and that through the service that is called"
  }

  assert {
    condition = [for s in jsondecode(output.agent_policy_json).Statement : [s.Sid, s.Action, s.Resource[0]]] == [
      ["Replies", ["sqs:SendMessage"], "arn:aws:sqs:eu-central-1:111122223333:agentcore-gateway-prod-replies.fifo"],
      ["QueuesKey", ["kms:Decrypt", "kms:GenerateDataKey"], "arn:aws:kms:eu-central-1:111122223333:key/queues"],
    ]
    error_message = "An agent may send to a queue that is encrypted"
  }

  assert {
    condition = alltrue([for queue in concat([aws_sqs_queue.prompts, aws_sqs_queue.given_up, aws_sqs_queue.dead_letters], aws_sqs_queue.replies, aws_sqs_queue.replies_dead_letters, aws_sqs_queue.watch, aws_sqs_queue.watch_dead_letters) : (
      queue.kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/queues"
    )])
    error_message = "Queues are encrypted by that key"
  }

  assert {
    condition     = aws_dynamodb_table.sessions.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/table"
    error_message = "The table is encrypted by that key"
  }

  assert {
    condition = (
      one(aws_s3_bucket_server_side_encryption_configuration.uploads[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
      one(aws_s3_bucket_server_side_encryption_configuration.uploads[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/uploads" &&
      one(aws_s3_bucket_server_side_encryption_configuration.uploads[0].rule).bucket_key_enabled
    )
    error_message = "The bucket is encrypted by that key, which is not asked for each upload"
  }

  assert {
    condition = alltrue([for function in values(local.functions) : (
      function.configuration.log_key == "arn:aws:kms:eu-central-1:111122223333:key/logs" &&
      function.configuration.key == "arn:aws:kms:eu-central-1:111122223333:key/environment"
    )]) && aws_cloudwatch_log_group.access[0].kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/logs"
    error_message = "Logs and environments are encrypted by their keys"
  }
}

run "whoever_reads_records_may_decrypt_them" {
  command = plan

  variables {
    auth          = "iam"
    jwt_issuer    = ""
    jwt_audiences = []
    kms_key_arns  = { table = "arn:aws:kms:eu-central-1:111122223333:key/table" }
  }

  assert {
    condition     = [for s in jsondecode(module.message.policy).Statement : s.Action if s.Sid == "TableKey"] == [["kms:Decrypt", "kms:DescribeKey"]]
    error_message = "message may read the table, and write nothing"
  }

  assert {
    condition     = !strcontains(module.worker.policy, "QueuesKey") && !strcontains(module.worker.policy, "UploadsKey")
    error_message = "What has no key of its own needs none"
  }
}

run "in_another_partition" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-eusc", dns_suffix = "amazonaws.eu" }
  }

  variables {
    kms_key_arns = { table = "arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/table" }
  }

  assert {
    condition     = one([for s in jsondecode(module.worker.policy).Statement : s.Condition.StringEquals["kms:ViaService"] if s.Sid == "TableKey"]) == ["dynamodb.eu-central-1.amazonaws.com", "dynamodb.eu-central-1.amazonaws.eu"]
    error_message = "The service may name itself either way"
  }

  assert {
    condition     = module.worker.configuration.environment.DNS_SUFFIX == "amazonaws.eu"
    error_message = "The worker knows the host names of its partition"
  }
}
