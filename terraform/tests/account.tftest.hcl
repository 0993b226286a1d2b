# What an account's owners ask for: roles and their bounds, a network; and how programs come and go.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  auth                  = "iam"
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
}

run "as_it_comes" {
  command = plan

  assert {
    condition = alltrue([for function in values(local.functions) : (
      function.configuration.role_path == "/" && function.configuration.boundary == null &&
      function.configuration.vpc == null && !strcontains(function.policy, "ec2:") && !strcontains(function.policy, "\"Deny\"")
    )])
    error_message = "Roles are bounded by nothing but their policy, and functions are in no network and may make no interfaces"
  }

  assert {
    condition     = alltrue([for name, function in local.functions : endswith(function.configuration.archive[0], "/arm64/${name}/bootstrap.zip") && function.configuration.archive[1] == null])
    error_message = "Programs are those that were built here"
  }

  assert {
    condition     = output.function_versions == { for name in keys(local.functions) : name => "7" } && alltrue([for function in values(local.functions) : function.configuration.publish])
    error_message = "Each change makes a version, and the newest is called"
  }

  assert {
    condition = alltrue([for mapping in [aws_lambda_event_source_mapping.prompts, aws_lambda_event_source_mapping.given_up] : endswith(mapping.function_name, ":live")]) && alltrue([
      for permission in aws_lambda_permission.route : permission.qualifier == "live"
    ]) && alltrue([for integration in aws_apigatewayv2_integration.function : endswith(integration.integration_uri, ":live/invocations")])
    error_message = "Functions are called by their alias, by queues and by API Gateway, which may"
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : function.configuration.provisioned == null && function.configuration.log_class == "STANDARD" && function.configuration.tracing == "Active"])
    error_message = "Nothing is kept ready; logs are of the usual class, and calls are traced"
  }

  assert {
    condition = (
      output.api_id == "api0000000" &&
      output.stage_arn == "arn:aws:apigateway:eu-central-1::/apis/api0000000/stages/prod" &&
      output.execution_arn == "arn:aws:execute-api:eu-central-1:111122223333:api0000000/prod" &&
      output.table_arn == "arn:aws:dynamodb:eu-central-1:111122223333:table/agentcore-gateway-prod" &&
      output.uploads_bucket_arn == "arn:aws:s3:::agentcore-gateway-prod-uploads-0000" &&
      output.hosted_zone_id == null
    )
    error_message = "A calling configuration can name the API, the table and the bucket"
  }

  assert {
    condition     = toset(keys(output.queue_arns)) == toset(["prompts", "given_up", "dead_letters"]) && toset(keys(output.function_arns)) == toset(keys(local.functions)) && toset(keys(output.log_group_arns)) == toset(keys(local.functions))
    error_message = "… and each queue, function and log group that there is"
  }
}

run "with_bounds" {
  command = plan

  variables {
    permissions_boundary_arn   = "arn:aws:iam::111122223333:policy/bounds"
    role_path                  = "/gateway/"
    access_logs                = true
    manage_api_gateway_account = true
    xray_tracing               = false
    log_group_class            = "INFREQUENT_ACCESS"
    metrics                    = false
  }

  assert {
    condition = alltrue([for function in values(local.functions) : (
      function.configuration.role_path == "/gateway/" && function.configuration.boundary == "arn:aws:iam::111122223333:policy/bounds"
    )]) && aws_iam_role.api_gateway_logging[0].permissions_boundary == "arn:aws:iam::111122223333:policy/bounds" && aws_iam_role.api_gateway_logging[0].path == "/gateway/"
    error_message = "Every role has its bounds and its path"
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : !strcontains(function.policy, "xray:") && function.configuration.tracing == "PassThrough"])
    error_message = "Who traces nothing may write no traces"
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : function.configuration.log_class == "INFREQUENT_ACCESS"]) && aws_cloudwatch_log_group.access[0].log_group_class == "INFREQUENT_ACCESS"
    error_message = "All log groups are of one class"
  }
}

run "with_roles_that_are_there_already" {
  command = plan

  variables {
    existing_role_arns = { worker = "arn:aws:iam::111122223333:role/platform/gateway-worker" }
  }

  assert {
    condition = (
      module.worker.configuration.role == "arn:aws:iam::111122223333:role/platform/gateway-worker" &&
      output.role_arns.worker == "arn:aws:iam::111122223333:role/platform/gateway-worker" &&
      output.role_names.worker == "gateway-worker" &&
      module.worker.configuration.role_path == null
    )
    error_message = "The worker has that role, and none is made for it"
  }

  assert {
    condition     = contains(jsondecode(output.function_policies.worker).Statement[*].Sid, "Agents")
    error_message = "Whoever owns the role is told what it needs"
  }

  assert {
    condition     = module.message.configuration.role_path == "/"
    error_message = "The others have roles of their own"
  }
}

run "in_a_network" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-a", "subnet-b"], security_group_ids = ["sg-a"] }
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : function.configuration.vpc.subnet_ids == toset(["subnet-a", "subnet-b"]) && function.configuration.vpc.security_group_ids == toset(["sg-a"])])
    error_message = "All functions are in the network"
  }

  assert {
    condition = alltrue([for name, function in local.functions : {
      for s in jsondecode(function.policy).Statement : s.Sid => [s.Effect, s.Action, s.Resource, lookup(s, "Condition", null)] if startswith(s.Sid, "Network")
      } == {
      Network = ["Allow", ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"], ["*"], null]
      NetworkByLambdaOnly = ["Deny", ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"], ["*"], {
        ArnEquals = { "lambda:SourceFunctionArn" = ["arn:aws:lambda:eu-central-1:111122223333:function:agentcore-gateway-prod-${name}"] }
      }]
    }])
    error_message = "Lambda may make interfaces for a function, and the function itself may not"
  }
}

run "from_a_release_and_rolled_back" {
  command = plan

  expect_failures = [check.the_newest_versions_are_called]

  variables {
    artifacts_dir           = null
    archives                = { bucket = "releases", prefix = "gateway", version = "1.2.0" }
    architecture            = "x86_64"
    function_versions       = { worker = "4" }
    provisioned_concurrency = { message = 2 }
    reserved_concurrency    = { message = 10 }
  }

  assert {
    condition     = { for name, function in local.functions : name => slice(function.configuration.archive, 1, 3) } == { for name in keys(local.functions) : name => ["releases", "gateway/1.2.0/x86_64/${name}.zip"] }
    error_message = "Programs are those of the release"
  }

  assert {
    condition     = alltrue([for function in values(local.functions) : function.configuration.archive[0] == null])
    error_message = "… and nothing is taken from here"
  }

  assert {
    condition     = output.function_versions == { message = "7", connections = "7", worker = "4", closer = "7" }
    error_message = "A version that is named is called, and else the newest"
  }

  assert {
    condition     = module.message.configuration.provisioned == 2 && module.connections.configuration.provisioned == null
    error_message = "Environments are kept ready of the functions that are named"
  }
}

run "from_the_root_of_a_bucket" {
  command = plan

  variables {
    artifacts_dir = null
    archives      = { bucket = "releases", version = "1.2.0" }
  }

  assert {
    condition     = module.message.configuration.archive[2] == "1.2.0/arm64/message.zip"
    error_message = "A prefix can be left out"
  }
}
