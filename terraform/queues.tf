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
  sqs_managed_sse_enabled    = local.queues_managed_sse
  kms_master_key_id          = var.kms_key_arns.queues
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
  sqs_managed_sse_enabled    = local.queues_managed_sse
  kms_master_key_id          = var.kms_key_arns.queues
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
  sqs_managed_sse_enabled   = local.queues_managed_sse
  kms_master_key_id         = var.kms_key_arns.queues
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

# What agents say that go on by themselves, on its way to the relay: one group for each run, in order.
resource "aws_sqs_queue" "replies" {
  count = local.has_long_runs ? 1 : 0

  region     = var.aws_region
  name       = "${local.name}-replies.fifo"
  fifo_queue = true

  # High throughput, as for prompts. Messages name their deduplication id themselves: equal events are not one event.
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
  content_based_deduplication = false

  # An event may be as large as SQS takes a message.
  max_message_size = 1048576

  # A relay that dies is noticed after this; what has to come again, it shortens to seconds.
  visibility_timeout_seconds = 2 * var.timeout_seconds.relay
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = local.queues_managed_sse
  kms_master_key_id          = var.kms_key_arns.queues
  tags                       = var.tags

  # A message comes again every 2 s while its run is not yet detached, or while one before it is missing. So often is half
  # an hour, twice as long as a call lasts, and the most that SQS counts.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.replies_dead_letters[0].arn
    maxReceiveCount     = 1000
  })
}

# Agents' messages that this release cannot read, or could not relay.
resource "aws_sqs_queue" "replies_dead_letters" {
  count = local.has_long_runs ? 1 : 0

  region                    = var.aws_region
  name                      = "${local.name}-replies-dead-letters.fifo"
  fifo_queue                = true
  max_message_size          = 1048576
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = local.queues_managed_sse
  kms_master_key_id         = var.kms_key_arns.queues
  tags                      = var.tags
}

# Runs whose agents go on by themselves, for the closer to look after until they have ended. A message says itself when it
# comes first; the closer says when it comes again, every five minutes at least.
resource "aws_sqs_queue" "watch" {
  count = local.has_long_runs ? 1 : 0

  region                     = var.aws_region
  name                       = "${local.name}-watch"
  visibility_timeout_seconds = max(300, var.timeout_seconds.closer)
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = local.queues_managed_sse
  kms_master_key_id          = var.kms_key_arns.queues
  tags                       = var.tags

  # A run of 8 hours is looked at about a hundred times.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.watch_dead_letters[0].arn
    maxReceiveCount     = 1000
  })
}

# Runs that nobody looks after any more. Kept for longer than the queue above keeps them: in a standard queue a message that
# is moved stays as old as it is.
resource "aws_sqs_queue" "watch_dead_letters" {
  count = local.has_long_runs ? 1 : 0

  region                    = var.aws_region
  name                      = "${local.name}-watch-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = local.queues_managed_sse
  kms_master_key_id         = var.kms_key_arns.queues
  tags                      = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "replies_dead_letters" {
  count = local.has_long_runs ? 1 : 0

  region    = var.aws_region
  queue_url = aws_sqs_queue.replies_dead_letters[0].url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = aws_sqs_queue.replies[*].arn
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "watch_dead_letters" {
  count = local.has_long_runs ? 1 : 0

  region    = var.aws_region
  queue_url = aws_sqs_queue.watch_dead_letters[0].url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = aws_sqs_queue.watch[*].arn
  })
}
