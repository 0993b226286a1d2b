# The offline provider leaves an empty list out of a request, and the API model wants one for this. Every request has a
# Host, so this asks for nothing.
resource "aws_apigatewayv2_authorizer" "jwt" {
  identity_sources = ["route.request.header.Host"]
}
