"""The function that is compared: what a Lambda function in Python is before it has done anything.

A client of the queue, and the loop over Lambda's Runtime API that its own runtime for Python has, without that runtime's
log handlers and error reports: the figure flatters Python a little.
"""

import json
import os
from http.client import HTTPConnection

import boto3

client = boto3.client("sqs")


def handler(event):
    body = json.dumps({"prompt": event["body"], "connection": event["requestContext"]["connectionId"]})
    client.send_message(QueueUrl=os.environ["PROMPTS_QUEUE_URL"], MessageBody=body, MessageGroupId="group")
    return {"statusCode": 200}


def main():
    api = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        invocation = api.getresponse()
        answer = handler(json.load(invocation))
        path = f"/2018-06-01/runtime/invocation/{invocation.headers['lambda-runtime-aws-request-id']}/response"
        api.request("POST", path, json.dumps(answer))
        api.getresponse().read()


if __name__ == "__main__":
    main()
