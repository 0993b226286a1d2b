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
    deadLetterTargetArn = aws_sqs_queue.given_up.arn
    maxReceiveCount     = var.max_receive_count
  })
}

# Prompts that no worker could take, on their way to the closer, which gives them an ending. A message that is moved here
# counts as new (FIFO queues), and 14 days are the most that SQS keeps one.
resource "aws_sqs_queue" "given_up" {
  region     = var.aws_region
  name       = "${local.name}-given-up.fifo"
  fifo_queue = true

  # Six times the time-out, as AWS advises: what cannot be ended because the table is out of reach comes again when that
  # may be over.
  visibility_timeout_seconds = 6 * var.timeout_seconds.closer
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = true
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = local.given_up_receive_count
  })
}

# Prompts without an ending, and nothing else.
resource "aws_sqs_queue" "dead_letters" {
  region                    = var.aws_region
  name                      = "${local.name}-dead-letters.fifo"
  fifo_queue                = true
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

# No other queue may put its dead letters there.
resource "aws_sqs_queue_redrive_allow_policy" "given_up" {
  region    = var.aws_region
  queue_url = aws_sqs_queue.given_up.url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.prompts.arn]
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  region    = var.aws_region
  queue_url = aws_sqs_queue.dead_letters.url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.given_up.arn]
  })
}
