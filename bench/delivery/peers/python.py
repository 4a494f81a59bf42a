"""Measures PutRecords of boto3, with its defaults, from bytes. It takes and prints the same JSON as onePath.ts."""

import concurrent.futures
import json
import resource
import sys
import time

import boto3
import botocore.config

BATCH = 500
run = json.loads(sys.argv[1])
with open(run["eventsFile"], "rb") as file:
    events = file.read().split(b"\n")
client = boto3.client(
    "kinesis",
    region_name="us-east-1",
    endpoint_url=run["endpoint"],
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    config=botocore.config.Config(max_pool_connections=64),
)


def put(number):
    first = number * BATCH % len(events)
    records = [
        {"Data": data, "PartitionKey": f"amplitude-kinesis.bench.{index}"}
        for index, data in enumerate(events[first : first + BATCH])
    ]
    client.put_records(StreamName="bench", Records=records)


def send_events(count):
    requests = -(-count // BATCH)
    with concurrent.futures.ThreadPoolExecutor(run["concurrency"]) as pool:
        list(pool.map(put, range(requests)))
    return requests * BATCH


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


send_events(run["events"] // 4)
before, start = cpu(), time.perf_counter()
sent = send_events(run["events"])
seconds = time.perf_counter() - start
print(
    json.dumps(
        {
            "cpuPerMillion": (cpu() - before) / sent * 1e6,
            "perSecond": sent / seconds,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
