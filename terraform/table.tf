# Sessions, connections and the journal of replies. Keys only: there is no index, and nothing is ever scanned.
resource "aws_dynamodb_table" "sessions" {
  region                      = var.aws_region
  name                        = local.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.table_deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # By itself it is 35 days, of what is to be gone after one.
  point_in_time_recovery {
    enabled                 = var.point_in_time_recovery_days > 0
    recovery_period_in_days = var.point_in_time_recovery_days > 0 ? var.point_in_time_recovery_days : null
  }

  # Unless you have one, the AWS managed key: the journal holds what agents said, and so each use of the key shows in
  # CloudTrail.
  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arns.table
  }
}
