# A configuration that makes a function's role itself, in the same apply.

resource "aws_iam_role" "worker" {
  name               = "gateway-worker"
  assume_role_policy = "{}"
}

module "gateway" {
  source = "../.."

  auth                  = "iam"
  agentcore_runtime_arn = "arn:aws:bedrock-agentcore:eu-central-1:111122223333:runtime/main-AbCdEfGhIj"
  archives              = { bucket = "releases", version = "1.2.0" }
  existing_role_arns    = { worker = aws_iam_role.worker.arn }
}

output "role_names" {
  value = module.gateway.role_names
}
