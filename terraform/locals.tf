data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {
  region = var.aws_region
}

locals {
  name   = "${var.project_name}-${var.stage_name}"
  region = data.aws_region.current.region

  # Relative to this folder and not to where Terraform is started, so that it holds in a module too.
  artifacts_dir = coalesce(var.artifacts_dir, "${path.module}/../target/lambda")

  agents = merge(
    var.agentcore_runtime_arn == "" ? {} : {
      default = { runtime_arn = var.agentcore_runtime_arn, endpoint_name = "DEFAULT", long_runs = false }
    },
    var.agents,
  )
  long_run_agents = { for name, agent in local.agents : name => agent if agent.long_runs }
  has_long_runs   = length(local.long_run_agents) > 0

  # As the functions are told of them: what is no choice is not said.
  told_agents = { for name, agent in local.agents : name => merge(
    { runtime_arn = agent.runtime_arn, endpoint_name = agent.endpoint_name },
    agent.long_runs ? { long_runs = true } : {},
  ) }
  # The built-in echo agent answers to this name.
  agent_names = length(local.agents) == 0 ? ["default"] : keys(local.agents)

  # The domain and the path in it that clients connect to.
  domain_address = join("/", compact([var.domain_name, var.api_mapping_key]))

  # Where frames are pushed to: the Management API is wherever the API is, so it is at the domain only if that is all there
  # is. It is made from the API and not from the stage, because the functions need it, and the stage comes after them.
  management_endpoint = (
    var.disable_execute_api_endpoint
    ? "https://${local.domain_address}"
    : "${replace(aws_apigatewayv2_api.gateway.api_endpoint, "wss://", "https://")}/${var.stage_name}"
  )

  # A stage's ARN, as permissions and policies name it; from the API for the same reason.
  stage_execution_arn = "${aws_apigatewayv2_api.gateway.execution_arn}/${var.stage_name}"

  # The worker shortens the visibility of a message to a minute as soon as it has it, and extends it while it runs. The
  # queue's own counts only until then: it must not be less than the worker's time-out, and the minute is for the way
  # there. AWS advises six times the time-out, for functions that are throttled with messages in hand; here
  # maximum_concurrency keeps the pollers from taking what cannot run, and 90 minutes would be how long a session
  # stands still when a worker dies in its first moments.
  visibility_timeout_seconds = var.timeout_seconds.worker + 60

  # How often what was given up may be received. AWS does not say whether the count starts anew when a message is moved:
  # if it goes on, as it does in some emulators, what was received as often as it might would pass through this queue unseen.
  given_up_receive_count = 2 * var.max_receive_count

  # One for each deployment, so that two of them in an account are told apart without a dimension.
  metrics_namespace = "AgentCoreGateway/${local.name}"
}
