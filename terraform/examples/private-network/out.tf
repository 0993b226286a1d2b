# The way out: frames are pushed through API Gateway, which has no endpoint for WebSocket APIs. One gateway for both zones, for
# it is the dearest thing here; where a zone may fail, one for each.
resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.gateway.id
  availability_zone = local.zones["0"]
  cidr_block        = cidrsubnet(aws_vpc.gateway.cidr_block, 8, 255)
}

resource "aws_internet_gateway" "gateway" {
  vpc_id = aws_vpc.gateway.id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.gateway.id
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.gateway.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_eip" "out" {
  domain = "vpc"
}

resource "aws_nat_gateway" "out" {
  allocation_id = aws_eip.out.id
  subnet_id     = aws_subnet.public.id
  depends_on    = [aws_internet_gateway.gateway]
}

resource "aws_route" "out" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.out.id
}
