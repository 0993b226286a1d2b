"""Whose account it is, and which region."""

from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError, SSOError

from .aws import Aws, code_of, why
from .finding import Finding, error, ok

LOG_IN = "log in (aws sso login), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")


def look(aws: Aws) -> Iterator[Finding]:
    """Asks AWS who is calling."""
    try:
        aws.account = aws.client("sts").get_caller_identity()["Account"]
    except NoRegionError:
        yield error("region", "no region is set", "export AWS_REGION, or set aws_region in terraform.tfvars")
    except NoCredentialsError:
        yield error("credentials", "no AWS credentials are found", LOG_IN)
    except EndpointConnectionError:
        yield error("region", f"AWS cannot be reached in {aws.region}", "is that a region (AWS_REGION, aws_region)? is there a network?")
    except SSOError as failure:
        yield error("credentials", f"the login has ended: {failure}", "log in again: aws sso login")
    except ClientError as failure:
        if code_of(failure) in EXPIRED:
            yield error("credentials", "the credentials have expired", "log in again: aws sso login")
        else:
            remedy = f"{LOG_IN}. Where the region {aws.region} is not turned on in the account, AWS says so too"
            yield error("credentials", f"AWS refuses the credentials: {why(failure)}", remedy)
    except BotoCoreError as failure:
        yield error("credentials", f"no AWS credentials can be had: {failure}", LOG_IN)
    else:
        yield ok("credentials", f"account {aws.account}")
        yield ok("region", aws.region)
