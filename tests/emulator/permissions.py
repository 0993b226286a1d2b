"""Taking single permissions from roles."""

import json
from contextlib import contextmanager


@contextmanager
def without(emulator, role, action):
    """The role may not do `action` while this lasts; all else it still may."""
    iam = emulator.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    statements = [statement | {"Action": [known for known in statement["Action"] if known != action]} for statement in policy["Statement"]]
    assert statements != policy["Statement"], f"{role} has no permission {action}"
    less = policy | {"Statement": [statement for statement in statements if statement["Action"]]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
