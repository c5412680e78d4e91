"""What a role may do, by its own policies: allowed, or not. Conditions and denials are not known here."""

from fnmatch import fnmatchcase

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends


def allows(role_arn, action, resource):
    """Whether a policy in a role allows an action on a resource."""
    role = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_role_by_arn(role_arn)
    # The documents are as CloudFormation made them.
    for statement in (one for document in role.policies.values() for one in document["Statement"]):
        actions, resources = as_list(statement["Action"]), as_list(statement["Resource"])
        if any(fnmatchcase(action, one) for one in actions) and any(fnmatchcase(resource, one) for one in resources):
            return True
    return False


def as_list(value):
    return value if isinstance(value, list) else [value]
