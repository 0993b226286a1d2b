# What the functions may do with keys that are not AWS's own: what they call does it in their name, so it is allowed through
# that service only.

locals {
  # AWS says how services name themselves in other partitions of some only, so the partition's suffix is taken besides.
  via = { for service in ["dynamodb", "sqs", "s3"] : service => {
    StringEquals = { "kms:ViaService" = distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "${service}.${local.region}.${suffix}"]) }
  } }

  # What a queue is encrypted by: SQS's own key, or yours, not both.
  queues_managed_sse = var.kms_key_arns.queues == null ? true : null

  table_key_statements = { for access, actions in {
    read  = ["kms:Decrypt", "kms:DescribeKey"]
    write = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    } : access => [for key in compact([var.kms_key_arns.table]) :
    { sid = "TableKey", actions = actions, resources = [key], conditions = local.via.dynamodb }
  ] }

  # Who sends also decrypts: SQS asks its data key back.
  queue_key_statements = { for access, actions in {
    receive = ["kms:Decrypt"]
    send    = ["kms:Decrypt", "kms:GenerateDataKey"]
    } : access => [for key in compact([var.kms_key_arns.queues]) :
    { sid = "QueuesKey", actions = actions, resources = [key], conditions = local.via.sqs }
  ] }

  uploads_key_statements = { for access, actions in {
    get = ["kms:Decrypt"]
    put = ["kms:GenerateDataKey"]
    } : access => [for key in compact([var.kms_key_arns.uploads]) :
    { sid = "UploadsKey", actions = actions, resources = [key], conditions = local.via.s3 }
  ] }
}
