"""Whether API Gateway may write logs in this account and region, which is one setting for all APIs there."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from .aws import Aws, why
from .finding import Finding, error, ok, warning
from .settings import Settings


def look(aws: Aws, settings: Settings) -> Iterator[Finding]:
    """Asks for the role where access logs are on."""
    if not settings["access_logs"]:
        yield ok("logs role", "not needed: access_logs is off")
        return
    try:
        role = aws.client("apigateway").get_account().get("cloudwatchRoleArn")
    except ClientError as failure:
        yield warning("logs role", f"the setting cannot be read: {why(failure)}", "allow apigateway:GET on /account")
        return
    own = f":role{settings['role_path']}{settings.name}-api-logs-{aws.region}"
    if settings["manage_api_gateway_account"]:
        if role and not role.endswith(own):
            words = f"{role} is set, and the deploy replaces it for all APIs of the account in {aws.region}"
            yield warning("logs role", words, "set manage_api_gateway_account = false to leave it alone")
        else:
            yield ok("logs role", "the deploy sets it")
    elif role:
        yield ok("logs role", "set")
    else:
        words = "access_logs is on, and API Gateway has no role to write logs with: the deploy would fail"
        yield error("logs role", words, "set manage_api_gateway_account = true if nothing else manages it, or access_logs = false")
