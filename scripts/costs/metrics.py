"""What the gateway measures, alarms and the dashboard."""

import math
import re
from pathlib import Path

from .prices import (
    ALARM_METRIC_MONTH,
    CUSTOM_METRIC_MONTH,
    DASHBOARD_MONTH,
    LOGGED_GB,
    MILLION,
)

METRICS = Path(__file__).resolve().parents[2] / "src/metrics/catalogue.rs"

# How many values a label has; a metric is written as a whole, and by each combination of its labels' values.
LABEL_VALUES = {
    "outcome": 3,
    "operation": 3,
    "reason": 2,
    "status": 3,
    "MessagesRejected.code": 8,
    "RunsFailed.code": 10,
    "Authorizations.result": 2,
    "Pushes.result": 5,
    "TableDuration.operation": 2,
    "Uploads.result": 4,
}
# What a deployment writes in which nothing fails, and nobody resumes or uploads, and by how many values of the labels.
HEALTHY_METRICS = {
    "ConnectionsOpened": 0,
    "Authorizations": 1,
    "PromptsAccepted": 1,
    "PromptWait": 0,
    "TimeToFirstEvent": 1,
    "RunDuration": 1,
    "RunsEnded": 1,
    "Events": 0,
    "Frames": 0,
    "Pushes": 1,
    "PushDuration": 0,
    "TableDuration": 2,
    "QueueDuration": 2,
}
# Lines of `message` and `worker` for a reply of 10 s, one invocation for each prompt.
METRIC_BYTES = 3700
# A line of the worker for each run, and what Lambda writes of each invocation of `message` and `worker` (`platform.start`,
# `platform.report`).
LOG_BYTES = 500 + 2 * 850
# terraform/alarms.tf, with tokens and without long runs: two for each of five functions, three of queues, one of the API, and
# three that look at two metrics each.
ALARM_METRICS = 2 * 5 + 3 + 1 + 3 * 2


def metrics_on_aws():
    """The metrics that the functions write, with their labels."""
    entry = re.compile(r'"(\w+)",\s+"(\w+)",\s+\w+,\s+\[([^\]]*)\],\s+(\w+),')
    found = entry.findall(METRICS.read_text())
    return {name: re.findall(r"\w+", labels) for _, name, labels, place in found if place != "OneMachine"}


def most_metrics(agents):
    """How many custom metrics there are if everything happens, with so many agents."""
    values = lambda name, label: agents if label == "agent" else LABEL_VALUES.get(f"{name}.{label}", LABEL_VALUES.get(label))
    of_labels = lambda name, labels: math.prod(values(name, label) for label in labels) if labels else 0
    return sum(1 + of_labels(name, labels) for name, labels in metrics_on_aws().items())


def logged_bytes(counts):
    """What a prompt brings to the logs: the worker writes what it measured each minute."""
    return METRIC_BYTES * (1 + counts["seconds"] // 60) + LOG_BYTES


def fixed_month():
    """What a month costs with one agent and nothing that fails, however many prompts there are."""
    healthy = sum(1 + values for values in HEALTHY_METRICS.values())
    return healthy * CUSTOM_METRIC_MONTH + ALARM_METRICS * ALARM_METRIC_MONTH + DASHBOARD_MONTH


def metrics():
    """The section about what the gateway measures."""
    healthy = sum(1 + values for values in HEALTHY_METRICS.values())
    assert HEALTHY_METRICS.keys() <= metrics_on_aws().keys()
    most, further = most_metrics(1), most_metrics(2) - most_metrics(1)
    logged = METRIC_BYTES * MILLION / 1000**3
    return [
        "## Metrics, alarms and the dashboard",
        "",
        f"- **Metrics** (metrics.md): CloudWatch charges {CUSTOM_METRIC_MONTH:.2f} dollars a month for each that has a value, by the hour. With one agent and",
        f"  nothing that fails they are {healthy}, {healthy * CUSTOM_METRIC_MONTH:.2f} dollars if there is a prompt in every hour of the month; if everything happens that can,",
        f"  {most}, {most * CUSTOM_METRIC_MONTH:.2f} dollars. Each further agent adds {further} at most. In an hour without a prompt they cost nothing.",
        f"- The lines that they are made of have {METRIC_BYTES / 1000:.1f} KB for a reply of 10 s: {logged * LOGGED_GB:.2f} dollars for a million.",
        "- `metrics = false` saves both.",
        f'- **Alarms** look at {ALARM_METRICS} metrics with `auth = "jwt"`: {ALARM_METRICS * ALARM_METRIC_MONTH:.2f} dollars a month. **The dashboard**: {DASHBOARD_MONTH:.2f} dollars a month, of',
        "  which an account has three for nothing; `dashboard = false` saves it.",
        "",
    ]
