"""Calls of AWS."""

import os
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


class Aws:
    """The account and region of the usual AWS_* variables; another region where the deployment says so."""

    def __init__(self, region: str | None) -> None:
        # Terraform knows the region by AWS_REGION, and boto3 by AWS_DEFAULT_REGION only.
        self._named = region or os.environ.get("AWS_REGION")
        #: The account, once it is known.
        self.account = ""

    @cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session(region_name=self._named)

    @property
    def region(self) -> str:
        """The region of the deployment."""
        return self._session.region_name

    def client(self, service: str, region: str | None = None) -> Any:
        """A client that gives up within a minute."""
        config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
        return self._session.client(service, region_name=region or self.region, config=config)


def code_of(failure: ClientError) -> str:
    """The name of an error."""
    return str(failure.response["Error"].get("Code", ""))


def why(failure: ClientError) -> str:
    """An error in AWS's own words."""
    return f"{code_of(failure)}: {failure.response['Error'].get('Message', '')}".rstrip(": ")
