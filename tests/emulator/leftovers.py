"""What of a deployment is there."""

import json

# Service, operation, and the member of its answer that lists what is there.
_LISTS = (
    ("apigatewayv2", "get_apis", "Items"),
    ("apigatewayv2", "get_domain_names", "Items"),
    ("lambda", "list_functions", "Functions"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings"),
    ("sqs", "list_queues", "QueueUrls"),
    ("dynamodb", "list_tables", "TableNames"),
    ("s3", "list_buckets", "Buckets"),
    ("iam", "list_roles", "Roles"),
    ("iam", "list_policies", "Policies"),
    ("logs", "describe_log_groups", "logGroups"),
    ("cloudwatch", "describe_alarms", "MetricAlarms"),
    ("cloudwatch", "list_dashboards", "DashboardEntries"),
    ("sns", "list_topics", "Topics"),
    ("kms", "list_aliases", "Aliases"),
)


def leftovers(emulator, project):
    """All with the project's name in it, by service and kind."""
    found = {}
    for service, operation, member in _LISTS:
        listed = getattr(emulator.client(service), operation)().get(member, [])
        if named := [item for item in listed if project in json.dumps(item, default=str)]:
            found[f"{service} {member}"] = named
    return found
