"""Taking single permissions from roles."""

import json
from contextlib import contextmanager


@contextmanager
def without(emulator, role, *actions):
    """The role may not do these actions while this lasts; all else it still may."""
    iam = emulator.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    known = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert known.issuperset(actions), f"{role} lacks some of {actions} anyway"
    statements = [statement | {"Action": [action for action in statement["Action"] if action not in actions]} for statement in policy["Statement"]]
    less = policy | {"Statement": [statement for statement in statements if statement["Action"]]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
