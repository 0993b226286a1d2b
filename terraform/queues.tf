# Prompts on their way to the worker: one group for each session, in order, one at a time.
resource "aws_sqs_queue" "prompts" {
  region     = var.aws_region
  name       = "${local.name}-prompts.fifo"
  fifo_queue = true

  # High throughput needs these two. Messages name their deduplication id themselves: equal prompts are not one prompt.
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
  content_based_deduplication = false

  visibility_timeout_seconds = local.visibility_timeout_seconds
  message_retention_seconds  = var.message_retention_seconds
  sqs_managed_sse_enabled    = true
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

# Prompts that no worker could end. 14 days are the most that SQS keeps a message.
resource "aws_sqs_queue" "dead_letters" {
  region                    = var.aws_region
  name                      = "${local.name}-dead-letters.fifo"
  fifo_queue                = true
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

# No other queue may put its dead letters here.
resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  region    = var.aws_region
  queue_url = aws_sqs_queue.dead_letters.url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.prompts.arn]
  })
}
