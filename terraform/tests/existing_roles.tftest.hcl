# A role whose ARN is not known before it is made, so nothing is overridden during the plan.

mock_provider "aws" {
  source = "./tests/mocks"

  override_resource {
    target = aws_iam_role.worker
    values = { arn = "arn:aws:iam::111122223333:role/platform/gateway-worker" }
  }
}

run "made_in_the_same_apply" {
  module {
    source = "./tests/role_in_one_apply"
  }

  assert {
    condition     = output.role_names.worker == "gateway-worker" && output.role_names.message != "gateway-worker"
    error_message = "The worker has that role, and the others have their own"
  }
}
