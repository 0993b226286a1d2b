# Which queue each function takes from, how much at once, and how often at a time.

locals {
  # More closers than are reserved would be throttled, which counts as a message received. So the two queues share them.
  watch_concurrency    = 2
  given_up_concurrency = var.reserved_concurrency.closer == null ? 10 : var.reserved_concurrency.closer - (local.has_long_runs ? local.watch_concurrency : 0)
}

# Batch size 1, because a batch of a FIFO queue locks all its sessions until its slowest run has ended.
resource "aws_lambda_event_source_mapping" "prompts" {
  region                  = var.aws_region
  event_source_arn        = aws_sqs_queue.prompts.arn
  function_name           = module.worker.alias_arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}

# A batch is ended within seconds, so a few sessions may share one.
resource "aws_lambda_event_source_mapping" "given_up" {
  region                  = var.aws_region
  event_source_arn        = aws_sqs_queue.given_up.arn
  function_name           = module.closer.alias_arn
  batch_size              = 5
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = local.given_up_concurrency
  }
}

# A batch is relayed within seconds, and as a whole: what an agent says while one is at work becomes the next.
resource "aws_lambda_event_source_mapping" "replies" {
  count = local.has_long_runs ? 1 : 0

  region                  = var.aws_region
  event_source_arn        = aws_sqs_queue.replies[0].arn
  function_name           = module.relay[0].alias_arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}

resource "aws_lambda_event_source_mapping" "watch" {
  count = local.has_long_runs ? 1 : 0

  region                  = var.aws_region
  event_source_arn        = aws_sqs_queue.watch[0].arn
  function_name           = module.closer.alias_arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  scaling_config {
    maximum_concurrency = local.watch_concurrency
  }
}
