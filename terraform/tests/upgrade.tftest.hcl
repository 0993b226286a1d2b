# What an earlier release made stays what it is, though its address is another.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "an_earlier_release" {
  state_key = "deployed"

  module {
    source = "./tests/earlier"
  }
}

run "this_release" {
  state_key = "deployed"

  variables {
    auth                   = "jwt"
    jwt_issuer             = "https://issuer.example.com"
    jwt_audiences          = ["gateway"]
    agents                 = { default = { runtime_arn = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/research-0123456789", long_runs = true } }
    domain_name            = "gateway.example.com"
    domain_certificate_arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0123-4567"
    domain_hosted_zone_id  = "Z0123456789"
  }

  assert {
    condition     = { for key, alarm in aws_cloudwatch_metric_alarm.function : key => alarm.arn if endswith(key, "-errors") } == run.an_earlier_release.alarms
    error_message = "Alarms of functions that fail are those that were there"
  }

  assert {
    condition     = aws_route53_record.gateway["A"].fqdn == run.an_earlier_release.record
    error_message = "The domain's record is the one that was there"
  }
}
