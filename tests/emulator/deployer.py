"""Deploys a synthesized stack through plain boto3, as the CDK's command line does: assets to S3, then the stack.

    cdk.out/manifest.json        which stacks there are, and where their templates go
    cdk.out/<stack>.assets.json  which files go to which bucket; directories as zip archives

The bootstrap stack's part of it, a bucket and a version, is made on the way.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
"""Makes a boto3 client of a service."""
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
WAIT = 120
"""Seconds until a stack that is still in progress counts as failed."""


class DeployFailed(Exception):
    """The stack did not come to be; the text has what CloudFormation says of each resource that failed."""


def deploy(out: Path, name: str, client: Client) -> dict[str, str]:
    """Puts the assets of the stack of that name, makes the stack or updates it, and gives its outputs."""
    artifacts = json.loads((out / "manifest.json").read_text())["artifacts"]
    stack, assets = artifacts[name]["properties"], artifacts[f"{name}.assets"]["properties"]
    fill = _filler(client)
    with suppress(client("ssm").exceptions.ParameterAlreadyExists):
        client("ssm").put_parameter(Name=BOOTSTRAP, Value="30", Type="String")
    _put_assets(out, json.loads((out / assets["file"]).read_text()), client, fill)
    bucket, _, key = fill(stack["stackTemplateAssetObjectUrl"]).removeprefix("s3://").partition("/")
    address = f"{client('s3').meta.endpoint_url}/{bucket}/{key}"
    return _make(name, address, client)


def _filler(client: Client) -> Callable[[str], str]:
    """Fills account, region and partition into the names of buckets."""
    values = {
        "${AWS::AccountId}": client("sts").get_caller_identity()["Account"],
        "${AWS::Region}": client("s3").meta.region_name,
        "${AWS::Partition}": "aws",
    }

    def fill(text: str) -> str:
        for placeholder, value in values.items():
            text = text.replace(placeholder, value)
        return text

    return fill


def _put_assets(out: Path, assets: Mapping[str, Any], client: Client, fill: Callable[[str], str]) -> None:
    s3 = client("s3")
    for asset in assets["files"].values():
        source = out / asset["source"]["path"]
        content = archive(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
        for destination in asset["destinations"].values():
            bucket = fill(destination["bucketName"])
            with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
                s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key=fill(destination["objectKey"]), Body=content)


def archive(directory: Path) -> bytes:
    """A zip archive of what is in the directory, in a fixed order. Not compressed: it goes nowhere."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as zipped:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                zipped.write(path, path.relative_to(directory))
    return content.getvalue()


def _make(name: str, template: str, client: Client) -> dict[str, str]:
    cloudformation = client("cloudformation")
    request = {"StackName": name, "TemplateURL": template, "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]}
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError:
        cloudformation.create_stack(**request)
    else:
        cloudformation.update_stack(**request)
    deadline = time.monotonic() + WAIT
    while (stack := cloudformation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("_PROGRESS"):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        said = [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in events if _failed(e)]
        raise DeployFailed("\n".join([f"{name} is {stack['StackStatus']}.", *said]))
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _failed(event: Mapping[str, Any]) -> bool:
    return str(event["ResourceStatus"]).endswith("FAILED")
