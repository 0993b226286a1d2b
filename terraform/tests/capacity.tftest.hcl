# What the worker runs on.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  auth                  = "iam"
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
}

run "on_lambda_there_are_no_instances" {
  command = plan

  assert {
    condition     = length(aws_lambda_capacity_provider.worker) == 0 && length(aws_iam_role.operator) == 0
    error_message = "Nothing of managed instances is made unasked"
  }

  assert {
    condition     = module.worker.configuration.managed == null && module.worker.configuration.environments == null
    error_message = "The worker runs on Lambda's own"
  }
}

run "on_managed_instances" {
  command = plan

  variables {
    worker_capacity     = "managed-instances"
    maximum_concurrency = 1000
    timeout_seconds     = { worker = 5400 }
    vpc                 = { subnet_ids = ["subnet-functions"], security_group_ids = ["sg-functions"] }
    managed_instances = {
      subnet_ids          = ["subnet-a", "subnet-b"]
      security_group_ids  = ["sg-instances"]
      instance_types      = ["c8g.large"]
      max_vcpus           = 64
      min_environments    = 2
      max_environments    = 8
      max_runs            = 500
      memory_gib_per_vcpu = 4
    }
  }

  assert {
    condition = (
      aws_lambda_capacity_provider.worker[0].name == "agentcore-gateway-prod-worker" &&
      aws_lambda_capacity_provider.worker[0].vpc_config[0].subnet_ids == toset(["subnet-a", "subnet-b"]) &&
      aws_lambda_capacity_provider.worker[0].vpc_config[0].security_group_ids == toset(["sg-instances"])
    )
    error_message = "The instances are in their own network"
  }

  assert {
    condition = (
      aws_lambda_capacity_provider.worker[0].instance_requirements[0].architectures == tolist(["arm64"]) &&
      aws_lambda_capacity_provider.worker[0].instance_requirements[0].allowed_instance_types == tolist(["c8g.large"]) &&
      aws_lambda_capacity_provider.worker[0].capacity_provider_scaling_config[0].max_vcpu_count == 64
    )
    error_message = "The instances are of the program's architecture, of the types and as many as was said"
  }

  assert {
    condition = (
      module.worker.configuration.managed.per_execution_environment_max_concurrency == 500 &&
      module.worker.configuration.managed.execution_environment_memory_gib_per_vcpu == 4 &&
      module.worker.configuration.environments.min_execution_environments == 2 &&
      module.worker.configuration.environments.max_execution_environments == 8
    )
    error_message = "Each environment has so many runs, and there are so many environments"
  }

  assert {
    condition     = module.worker.configuration.memory_mb == 2048 && module.worker.configuration.vpc == null
    error_message = "An environment has the least memory that instances give, and no interfaces of its own"
  }

  assert {
    condition     = endswith(module.worker.alias_arn, ":$LATEST.PUBLISHED") && aws_lambda_event_source_mapping.prompts.function_name == module.worker.alias_arn
    error_message = "The queue calls the one version that is published"
  }

  assert {
    condition     = output.function_versions.worker == "$LATEST.PUBLISHED"
    error_message = "There is no version of the worker to go back to"
  }

  assert {
    condition     = !strcontains(module.worker.policy, "ec2:") && strcontains(module.closer.policy, "ec2:CreateNetworkInterface")
    error_message = "Lambda makes the worker's interfaces by the operator's role, and not by the worker's"
  }

  assert {
    condition     = aws_iam_role_policy_attachment.operator[0].policy_arn == "arn:aws:iam::aws:policy/AWSLambdaManagedEC2ResourceOperator"
    error_message = "The operator may manage Lambda's instances, and nothing else"
  }

  # All that lasts as long as the worker may.
  assert {
    condition = (
      aws_sqs_queue.prompts.visibility_timeout_seconds == 5460 &&
      module.worker.configuration.timeout == 5400 &&
      module.worker.configuration.environment.LONGEST_RUN_SECONDS == "5400" &&
      module.closer.configuration.environment.LONGEST_RUN_SECONDS == "5400"
    )
    error_message = "Queue, worker and closer know how long a run may last"
  }
}

run "in_the_network_of_the_functions_with_a_role_that_is_there" {
  command = plan

  variables {
    worker_capacity   = "managed-instances"
    vpc               = { subnet_ids = ["subnet-functions"], security_group_ids = ["sg-functions"] }
    managed_instances = { operator_role_arn = "arn:aws:iam::111122223333:role/operator" }
  }

  assert {
    condition = (
      aws_lambda_capacity_provider.worker[0].vpc_config[0].subnet_ids == toset(["subnet-functions"]) &&
      aws_lambda_capacity_provider.worker[0].vpc_config[0].security_group_ids == toset(["sg-functions"])
    )
    error_message = "Unless it is said otherwise the instances are where the functions are"
  }

  assert {
    condition     = length(aws_iam_role.operator) == 0 && aws_lambda_capacity_provider.worker[0].permissions_config[0].capacity_provider_operator_role_arn == "arn:aws:iam::111122223333:role/operator"
    error_message = "A role that is there is used"
  }

  assert {
    condition     = aws_sqs_queue.prompts.visibility_timeout_seconds == 960
    error_message = "The time-out is the same as on Lambda, unless it is said otherwise"
  }
}
