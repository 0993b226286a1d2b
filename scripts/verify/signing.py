"""Handshakes signed with AWS credentials (SigV4), for gateways with auth = "iam"."""

import os
import re
from urllib.parse import urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from .outcome import Broken

_HEADERS = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")


def signed(url: str) -> dict[str, str]:
    """The headers of a handshake with this address. The region is the address's, else that of the AWS_* variables."""
    session = botocore.session.get_session()
    credentials = session.get_credentials()
    if credentials is None:
        raise Broken("no AWS credentials are found to sign with: log in, or set AWS_PROFILE")
    named = re.search(r"\.execute-api\.([a-z0-9-]+)\.", urlsplit(url).netloc)
    region = named[1] if named else os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if not region:
        raise Broken("no region is known to sign for: set AWS_REGION to the gateway's")
    request = AWSRequest(method="GET", url=url.replace("ws", "http", 1))
    SigV4Auth(credentials.get_frozen_credentials(), "execute-api", region).add_auth(request)
    return {name: request.headers[name] for name in _HEADERS if name in request.headers}
