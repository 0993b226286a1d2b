"""Calling AWS as somebody else than the administrator."""

import boto3

from emulator import ACCOUNT, REGION


class Role:
    """A role of the account, with a session of its own."""

    def __init__(self, emulator, name):
        self._emulator = emulator
        session = emulator.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="test")
        self.credentials = session["Credentials"]

    def client(self, service, endpoint_url=None):
        return boto3.client(
            service,
            endpoint_url=endpoint_url or self._emulator.url,
            region_name=REGION,
            aws_access_key_id=self.credentials["AccessKeyId"],
            aws_secret_access_key=self.credentials["SecretAccessKey"],
            aws_session_token=self.credentials["SessionToken"],
        )
