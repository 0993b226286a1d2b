# Free of charge, and by a route.
resource "aws_vpc_endpoint" "gateway" {
  for_each = toset(["dynamodb", "s3"])

  vpc_id            = aws_vpc.gateway.id
  service_name      = "com.amazonaws.${data.aws_region.current.region}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
}

# Paid by the hour and zone. With `event_bus_arn`, `events` too. Not `execute-api`: such an endpoint has no way to a WebSocket
# API, and would take the Management API's host name for itself.
resource "aws_vpc_endpoint" "interface" {
  for_each = toset(["sqs", "bedrock-agentcore"])

  vpc_id              = aws_vpc.gateway.id
  service_name        = "com.amazonaws.${data.aws_region.current.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = values(aws_subnet.private)[*].id
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
}

resource "aws_security_group" "endpoints" {
  name        = "agentcore-gateway-endpoints"
  description = "What the gateway's functions call"
  vpc_id      = aws_vpc.gateway.id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "From the functions"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.functions.id
}
