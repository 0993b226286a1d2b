"""Prompts that are larger than a message."""

from .functions import CONNECTIONS_GB, OFFER_SECONDS, WORKER_GB
from .prices import (
    DAYS_PER_MONTH,
    GB_MONTH_OF_OBJECTS,
    GB_SECOND,
    INVOCATION,
    MESSAGE,
    MILLION,
    OBJECT_GET,
    OBJECT_PUT,
)
from .tables import dollars, table

# How fast the worker reads what was uploaded.
READ_MB_PER_SECOND = 20
# terraform/uploads.tf: a day, and the rest of the one in which it ends.
DAYS_OF_UPLOADS = 2

# The wish to upload, and the answer.
OFFER_MESSAGES = 2


def upload(megabytes):
    """What a prompt of so many megabytes costs besides, by service."""
    gigabytes = megabytes / 1000
    return {
        "WebSocket messages": OFFER_MESSAGES * MESSAGE,
        "`connections`": INVOCATION + OFFER_SECONDS * CONNECTIONS_GB * GB_SECOND,
        "PUT and GET": OBJECT_PUT + OBJECT_GET,
        "two days in the bucket": gigabytes * GB_MONTH_OF_OBJECTS * DAYS_OF_UPLOADS / DAYS_PER_MONTH,
        "worker": megabytes / READ_MB_PER_SECOND * WORKER_GB * GB_SECOND,
    }


def uploads_table(sizes):
    """Dollars per million uploads: a row for each service, a column for each size."""
    prices = [upload(size) for size in sizes]
    rows = [[service, *(dollars(price[service] * MILLION) for price in prices)] for service in prices[0]]
    rows.append(["**in all**", *(f"**{dollars(sum(price.values()) * MILLION)}**" for price in prices)])
    return table(["a million uploads", *(f"{size:g} MB" for size in sizes)], rows)


def uploads():
    """The section about prompts that are larger than a message."""
    return [
        "## Prompts that are uploaded",
        "",
        "What does not fit a message is put into a bucket, and costs this besides what a prompt costs that is sent:",
        "",
        *uploads_table([0.1, 1, 20]),
        "",
        "- Below some megabytes it is requests, above it is the room in the bucket. An upload that several prompts name is put and",
        "  kept once; each prompt reads it again.",
        "- S3 keeps an upload for a day and until the next midnight, so two days are counted.",
        "",
    ]
