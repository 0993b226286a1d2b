"""Signed handshakes, for gateways with `auth = "iam"`. Needs the extra `iam`: botocore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVICE = "execute-api"


class SigV4:
    """Signs each handshake with AWS credentials: `connect(url, auth=SigV4(region="eu-central-1"))`.

    `credentials` are those of botocore or boto3 (`Session().get_credentials()`); by default the usual ones: environment,
    profile, SSO, role. They are read, and refreshed if need be, for each connection.
    """

    def __init__(self, region: str | None = None, credentials: Any = None) -> None:
        try:
            import botocore.auth
            import botocore.session
        except ImportError:
            raise ImportError('SigV4 needs botocore: pip install "agentcore-gateway-client[iam]"') from None
        session = botocore.session.get_session()
        self._region = region or session.get_config_variable("region")
        self._credentials = credentials
        self._session = session
        if not self._region:
            raise ValueError("A region is needed: that of the gateway.")

    def headers(self, url: str) -> Mapping[str, str]:
        """The signature of a handshake with that address, as headers."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        credentials = self._credentials or self._session.get_credentials()
        if credentials is None:
            raise ValueError("No AWS credentials are found. Log in, or give them.")
        # It is an HTTP GET that is signed; only the host, the path and the query count.
        request = AWSRequest(method="GET", url=url.replace("ws", "http", 1))
        SigV4Auth(credentials.get_frozen_credentials(), _SERVICE, self._region).add_auth(request)
        signed = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")
        return {name: request.headers[name] for name in signed if name in request.headers}
