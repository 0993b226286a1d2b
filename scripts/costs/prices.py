"""What AWS charges, in US dollars, us-east-1, without free tier and taxes, as the pages named in SOURCES had it."""

MILLION = 1_000_000

SECONDS_PER_HOUR = 3600
SECONDS_PER_MONTH = 30 * 24 * 3600
DAYS_PER_MONTH = 30

PRICES_AS_OF = "November 2026"
MESSAGE = 1.00 / MILLION
CONNECTION_MINUTE = 0.25 / MILLION
WRITE_UNIT = 0.625 / MILLION
READ_UNIT = 0.125 / MILLION
QUEUE_REQUEST = 0.50 / MILLION
GB_SECOND = 0.0000133334
INVOCATION = 0.20 / MILLION
EVENT = 1.00 / MILLION
OBJECT_PUT = 5.00 / MILLION
OBJECT_GET = 0.40 / MILLION
# Of the first 50 TB.
GB_MONTH_OF_OBJECTS = 0.023
# Of the first 10,000; by the hour in which it has a value.
CUSTOM_METRIC_MONTH = 0.30
LOGGED_GB = 0.50
ALARM_METRIC_MONTH = 0.10
DASHBOARD_MONTH = 3.00
# c7g.large: 2 processors, 4 GiB.
INSTANCE_HOUR = 0.0725
# What Lambda asks for on top of it.
MANAGEMENT = 1.15

SOURCES = [
    ("API Gateway, a message, in units of 32 KB, either way", MESSAGE * MILLION, "million", "Amazon API Gateway pricing, WebSocket APIs"),
    ("API Gateway, a minute of a connection", CONNECTION_MINUTE * MILLION, "million", "Amazon API Gateway pricing, WebSocket APIs"),
    ("DynamoDB, a write unit, on demand", WRITE_UNIT * MILLION, "million", "Amazon DynamoDB pricing, on-demand capacity"),
    ("DynamoDB, a read unit, on demand", READ_UNIT * MILLION, "million", "Amazon DynamoDB pricing, on-demand capacity"),
    ("SQS, a request to a FIFO queue, in units of 64 KB", QUEUE_REQUEST * MILLION, "million", "Amazon SQS pricing, FIFO queues"),
    ("Lambda, a GB-second, arm64", GB_SECOND * MILLION, "million", "AWS Lambda pricing, Arm"),
    ("Lambda, an invocation", INVOCATION * MILLION, "million", "AWS Lambda pricing, Arm"),
    ("EventBridge, a custom event, in units of 64 KB", EVENT * MILLION, "million", "Amazon EventBridge pricing"),
    ("S3, a PUT", OBJECT_PUT * MILLION, "million", "Amazon S3 pricing, S3 Standard"),
    ("S3, a GET", OBJECT_GET * MILLION, "million", "Amazon S3 pricing, S3 Standard"),
    ("S3, a GB for a month", GB_MONTH_OF_OBJECTS, "one", "Amazon S3 pricing, S3 Standard"),
    ("CloudWatch, a custom metric for a month", CUSTOM_METRIC_MONTH, "one", "Amazon CloudWatch pricing, metrics"),
    ("CloudWatch, a GB of logs", LOGGED_GB, "one", "Amazon CloudWatch pricing, logs, class Standard"),
    ("CloudWatch, a metric that an alarm looks at, for a month", ALARM_METRIC_MONTH, "one", "Amazon CloudWatch pricing, alarms"),
    ("CloudWatch, a dashboard for a month", DASHBOARD_MONTH, "one", "Amazon CloudWatch pricing, dashboards"),
    ("EC2, an hour of a c7g.large", INSTANCE_HOUR, "one", "Amazon EC2 on-demand pricing; Lambda Managed Instances add 15 %"),
]
