"""A real S3 server for tests: moto's, which checks signatures and rights, in this process on the loopback.

As a program it tells its address and keys as a line of JSON, answers each line of its input, a prefix, with the keys of objects as JSON, and
ends with its input.
"""
import contextlib
import json
import logging
import os
import sys

import boto3

REGION = "eu-west-1"
BUCKET = "digits-test"


class ObjectStore:
    def __init__(self, port, key, secret):
        self.endpoint = f"http://127.0.0.1:{port}"
        self.key, self.secret = key, secret
        self.client = boto3.client("s3", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret)

    def put_folder(self, folder, prefix, bucket=BUCKET):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.client.put_object(Bucket=bucket, Key=prefix + str(path.relative_to(folder)), Body=path.read_bytes())

    def keys(self, prefix="", bucket=BUCKET):
        return sorted(one["Key"] for one in self.client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []))


@contextlib.contextmanager
def object_store():
    """With one user, who may do everything in one bucket of the region eu-west-1. Who has no key may do nothing."""
    # These many requests, those that make the user, are not checked.
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "3"
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.server import ThreadedMotoServer
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        port = server.get_host_and_port()[1]
        rights = boto3.client("iam", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
        rights.create_user(UserName="digits")
        made = rights.create_access_key(UserName="digits")["AccessKey"]
        everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        rights.put_user_policy(UserName="digits", PolicyName="all", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}))
        store = ObjectStore(port, made["AccessKeyId"], made["SecretAccessKey"])
        store.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield store
    finally:
        server.stop()


if __name__ == "__main__":
    with object_store() as one:
        print(json.dumps({"endpoint": one.endpoint, "key": one.key, "secret": one.secret, "bucket": BUCKET, "region": REGION}), flush=True)
        for line in sys.stdin:
            print(json.dumps(one.keys(line.strip())), flush=True)
