# No provider block: a module that holds one can be used neither with count nor with for_each. Credentials, region and
# endpoint come from the AWS_* variables, or from the provider that a calling configuration hands over. `aws_region`
# moves the resources to another region by the `region` argument that each of them has since provider 6.
terraform {
  # 1.9 brought validations that look at several variables, 1.11 what the tests need.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 6.8 is the first that knows queues with messages of 1 MiB.
      version = "~> 6.8"
    }
  }
}
