data "aws_region" "current" {}

locals {
  zones = { for index, zone in var.zones : tostring(index) => zone }
}

resource "aws_vpc" "gateway" {
  #checkov:skip=CKV2_AWS_11:Flow logs are for whoever runs the network, with a place and a price of their own
  #checkov:skip=CKV2_AWS_12:Nothing here is in the default group; taking its rules away is for whoever runs the network
  cidr_block           = "10.20.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = "agentcore-gateway" }
}

resource "aws_subnet" "private" {
  for_each = local.zones

  vpc_id            = aws_vpc.gateway.id
  availability_zone = each.value
  cidr_block        = cidrsubnet(aws_vpc.gateway.cidr_block, 8, tonumber(each.key))
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.gateway.id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

resource "aws_security_group" "functions" {
  #checkov:skip=CKV2_AWS_5:The gateway's functions are in it, which get it by its rule
  name        = "agentcore-gateway-functions"
  description = "The gateway's functions"
  vpc_id      = aws_vpc.gateway.id
}

resource "aws_vpc_security_group_egress_rule" "functions" {
  security_group_id = aws_security_group.functions.id
  description       = "They call, by HTTPS, and nobody calls them"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}
