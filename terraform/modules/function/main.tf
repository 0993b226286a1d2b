# A function with a role that can do what is listed, and nothing else; its log; and the alias by which it is called.

locals {
  is_managed        = var.managed_instances != null
  is_local_archive  = var.archive.path != null
  is_archive_there  = local.is_local_archive ? fileexists(var.archive.path) : true
  published         = "$LATEST.PUBLISHED"
  event_environment = local.tells_of_ended_runs ? { EVENT_BUS_ARN = var.event_bus_arn } : {}
}

resource "aws_cloudwatch_log_group" "function" {
  region            = var.settings.region
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.settings.log_retention_days
  log_group_class   = var.settings.log_group_class
  kms_key_id        = var.settings.kms_key_arns.logs
  tags              = var.settings.tags
}

resource "aws_lambda_function" "function" {
  region        = var.settings.region
  function_name = var.name
  description   = var.description
  role          = local.role_arn
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.settings.architecture]
  filename      = var.archive.path
  # A missing archive is the precondition's to report, and no reason not to destroy.
  source_code_hash = local.is_local_archive && local.is_archive_there ? filebase64sha256(var.archive.path) : null
  s3_bucket        = var.archive.bucket
  s3_key           = var.archive.key
  memory_size      = var.memory_mb
  timeout          = var.timeout
  # Without a number it shares what the account has.
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.settings.kms_key_arns.environment
  # Each change makes a version, which stays as it is: what the alias goes back to. On managed instances each version would keep
  # environments of its own running, and be paid for: there is one, which is replaced.
  publish    = true
  publish_to = local.is_managed ? "LATEST_PUBLISHED" : null
  tags       = var.settings.tags

  environment {
    variables = merge(var.settings.environment, var.environment, local.event_environment)
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.function.name
    log_format            = "JSON"
    application_log_level = var.settings.log_level
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = var.settings.xray_tracing ? "Active" : "PassThrough"
  }

  dynamic "capacity_provider_config" {
    for_each = var.managed_instances[*]
    content {
      lambda_managed_instances_capacity_provider_config {
        capacity_provider_arn                     = capacity_provider_config.value.capacity_provider_arn
        execution_environment_memory_gib_per_vcpu = capacity_provider_config.value.memory_gib_per_vcpu
        per_execution_environment_max_concurrency = capacity_provider_config.value.max_concurrency
      }
    }
  }

  # Managed instances are in the network of their capacity provider.
  dynamic "vpc_config" {
    for_each = local.is_managed ? [] : var.settings.vpc[*]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = local.is_archive_there
      error_message = "${coalesce(var.archive.path, "The archive")} is missing: build the functions first (see terraform/README.md), or set artifacts_dir or archives."
    }
  }

  # Whatever comes after the function finds it with its rights in place.
  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_alias" "live" {
  count = local.is_managed ? 0 : 1

  region           = var.settings.region
  name             = "live"
  description      = "What is called"
  function_name    = aws_lambda_function.function.function_name
  function_version = coalesce(var.function_version, aws_lambda_function.function.version)
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  count = var.provisioned_concurrency > 0 ? 1 : 0

  region                            = var.settings.region
  function_name                     = aws_lambda_function.function.function_name
  qualifier                         = aws_lambda_alias.live[0].name
  provisioned_concurrent_executions = var.provisioned_concurrency
}

resource "aws_lambda_function_scaling_config" "published" {
  count = local.is_managed ? 1 : 0

  region        = var.settings.region
  function_name = aws_lambda_function.function.function_name
  qualifier     = local.published

  function_scaling_config {
    min_execution_environments = var.managed_instances.min_environments
    max_execution_environments = var.managed_instances.max_environments
  }
}
