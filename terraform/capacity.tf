# The instances that the worker runs on, where it does not run on Lambda's own.

locals {
  has_managed_instances = var.worker_capacity == "managed-instances"

  # As they are found: 128 MiB are enough for a run, and 2 GiB are the least of an environment on instances.
  worker_memory_mb = coalesce(var.memory_mb.worker, local.has_managed_instances ? 2048 : 128)

  instances_network = {
    subnet_ids         = coalesce(var.managed_instances.subnet_ids, try(var.vpc.subnet_ids, []))
    security_group_ids = coalesce(var.managed_instances.security_group_ids, try(var.vpc.security_group_ids, []))
  }

  makes_operator_role = local.has_managed_instances && var.managed_instances.operator_role_arn == null
}

resource "aws_lambda_capacity_provider" "worker" {
  count = local.has_managed_instances ? 1 : 0

  region = var.aws_region
  name   = "${local.name}-worker"
  tags   = var.tags

  vpc_config {
    subnet_ids         = local.instances_network.subnet_ids
    security_group_ids = local.instances_network.security_group_ids
  }

  permissions_config {
    capacity_provider_operator_role_arn = local.makes_operator_role ? aws_iam_role.operator[0].arn : var.managed_instances.operator_role_arn
  }

  instance_requirements = [{
    architectures           = [var.architecture]
    allowed_instance_types  = var.managed_instances.instance_types
    excluded_instance_types = []
  }]

  capacity_provider_scaling_config = [{
    max_vcpu_count   = var.managed_instances.max_vcpus
    scaling_mode     = "Auto"
    scaling_policies = []
  }]

  # Without its rights Lambda starts no instance.
  depends_on = [aws_iam_role_policy_attachment.operator]
}

resource "aws_iam_role" "operator" {
  count = local.makes_operator_role ? 1 : 0

  name                 = "${local.name}-instances-${local.region}"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary_arn
  description          = "Lambda manages the instances of the worker with it"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

# What it takes to start instances, tag them and attach interfaces to them, only as Lambda's scaler: AWS keeps it up to date.
resource "aws_iam_role_policy_attachment" "operator" {
  count = local.makes_operator_role ? 1 : 0

  role       = aws_iam_role.operator[0].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AWSLambdaManagedEC2ResourceOperator"
}
