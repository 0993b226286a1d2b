# Who may connect.

variable "auth" {
  description = "Who may connect: `jwt` (a token that the authorizer function checks), `iam` (signed requests) or `none` (everybody). Has to be chosen."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["none", "iam", "jwt"], var.auth)
    error_message = "auth must be \"none\", \"iam\" or \"jwt\"."
  }
}

variable "jwt_issuer" {
  description = "Issuer (`iss`) of the tokens. Required with `auth = \"jwt\"`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = (var.auth == "jwt") == (var.jwt_issuer != "")
    error_message = "jwt_issuer is required with auth = \"jwt\", and has no meaning with any other."
  }

  validation {
    condition     = var.jwt_issuer == "" || can(regex("^(https://[^/?#@\\s]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?)(/[^?#\\s]*)?$", var.jwt_issuer))
    error_message = "jwt_issuer must be an https:// URL (or, for tests, http:// on a loopback address) without query and fragment."
  }
}

variable "jwt_audiences" {
  description = "Audiences: a token is good if its `aud` is or holds one of them. With `auth = \"jwt\"` this or `jwt_clients` is required. What to give for which identity provider is in docs/identity.md."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = var.auth == "jwt" || length(var.jwt_audiences) == 0
    error_message = "jwt_audiences has a meaning with auth = \"jwt\" only."
  }

  validation {
    condition     = var.auth != "jwt" || length(var.jwt_audiences) + length(var.jwt_clients) > 0
    error_message = "jwt_audiences or jwt_clients is required with auth = \"jwt\": without either no token would be good."
  }

  validation {
    condition     = alltrue([for audience in var.jwt_audiences : can(regex("^[^\\s,]+$", audience))])
    error_message = "An audience must be a name without white space and commas."
  }

  validation {
    condition     = length(join(",", concat(var.jwt_audiences, var.jwt_clients))) <= 2048
    error_message = "jwt_audiences and jwt_clients must be at most 2,048 characters: the environment of a function holds 4 KB in all."
  }
}

variable "jwt_clients" {
  description = "Clients whose tokens are good though they have no `aud`: their `client_id`, else their `azp`, is one of these. For access tokens of Amazon Cognito and session tokens of Clerk; a `token_use`, where there is one, must be `access`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = var.auth == "jwt" || length(var.jwt_clients) == 0
    error_message = "jwt_clients has a meaning with auth = \"jwt\" only."
  }

  validation {
    condition     = alltrue([for client in var.jwt_clients : can(regex("^[^\\s,]+$", client))])
    error_message = "A client must be a name without white space and commas."
  }
}

variable "jwt_jwks_url" {
  description = "Where the issuer's keys are. Empty: found by OIDC discovery at `<jwt_issuer>/.well-known/openid-configuration`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.auth == "jwt" || var.jwt_jwks_url == ""
    error_message = "jwt_jwks_url has a meaning with auth = \"jwt\" only."
  }

  validation {
    condition     = var.jwt_jwks_url == "" || can(regex("^(https://[^/?#@\\s]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:[0-9]+)?)(/[^#\\s]*)?$", var.jwt_jwks_url))
    error_message = "jwt_jwks_url must be an https:// URL (or, for tests, http:// on a loopback address) without fragment."
  }
}

variable "jwt_token_in_query" {
  description = "Whether the token may also come as `?token=`. Addresses end up in logs and histories: leave it off if the client can send a header or a subprotocol."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = var.auth == "jwt" || !var.jwt_token_in_query
    error_message = "jwt_token_in_query has a meaning with auth = \"jwt\" only."
  }
}

variable "allowed_origins" {
  description = "Origins whose pages may connect, such as `https://app.example.com`; `*` for all. Empty: no browser's page. Clients that send no `Origin` are not concerned; apps send one too, see `docs/protocol.md`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.allowed_origins : can(regex("^(\\*|null|file://|[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#\\s,]+)$", origin))])
    error_message = "An origin must be scheme://host or scheme://host:port without a path, \"null\", or \"*\" for any."
  }
}
