"""CDK entry: context in, template out. Needs Node; no account, no Docker, no git.

    python app.py [-c name=value ...]

The context's names are in infra/aws/deployment.py, and in README. The templates are left in cdk.out, or where the CDK
command line wants them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_cdk import App

NO_NODE = "Node is needed to make the CloudFormation template: install Node 22 or later (https://nodejs.org)."
FLAGS = {"@aws-cdk/aws-iam:minimizePolicies": True, "@aws-cdk/core:target-partitions": ["aws"]}


def application(outdir: str, context: Mapping[str, Any]) -> App:
    """The CDK application that `context` asks for: what runs, and what watches it. Raises WrongContext."""
    # jsii's banner about Node 20 is as long as a page, on each run, and changes nothing about the template.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    from aws_cdk import App

    from engage_sms import topology
    from infra.aws.deployment import Deployment, check_names
    from infra.aws.recorded import check_tables
    from infra.aws.stack import EngageSmsStack
    from infra.aws.watching import WatchingStack

    app = App(outdir=outdir, context={**FLAGS, **context})
    check_names(app.node.get_all_context())
    check_tables(topology.TABLES)
    deployment = Deployment.read(app.node.try_get_context)
    system = EngageSmsStack(app, deployment=deployment)
    WatchingStack(app, deployment=deployment, api_id=system.api_id)
    return app


def main(arguments: Sequence[str]) -> None:
    """Writes the template, or says in one sentence why not."""
    from infra.aws.deployment import WrongContext
    from infra.aws.recorded import TableWouldBeReplaced
    from infra.aws.wheels import WheelsNotInstalled

    parser = argparse.ArgumentParser(prog="app.py", description="Writes the CloudFormation template.")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="name=value")
    context = dict(pair.partition("=")[::2] for pair in parser.parse_args(arguments).context)
    if shutil.which("node") is None:
        sys.exit(NO_NODE)
    try:
        application(os.environ.get("CDK_OUTDIR", "cdk.out"), context).synth()
    except (WrongContext, TableWouldBeReplaced) as wrong:
        sys.exit(str(wrong))
    except RuntimeError as failed:
        # An error raised while CDK calls back comes out of it as a RuntimeError with a page of JavaScript.
        if isinstance(failed.__context__, WheelsNotInstalled):
            sys.exit(str(failed.__context__))
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
