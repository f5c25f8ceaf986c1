"""The two layers: the product as it stands, and the wheels it stands on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from engage_sms import topology
from infra.aws import wheels
from infra.aws.deployment import Target

ROOT = Path(__file__).parents[2]
CACHES = ["**/__pycache__", "**/*.pyc"]
"""Left out of every asset: running the tests here must not change what is deployed."""


def runtime(target: Target) -> lambda_.Runtime:
    """Lambda's name for the target's Python."""
    return lambda_.Runtime(f"python{target.python}", lambda_.RuntimeFamily.PYTHON, supports_snap_start=True)


def processor(target: Target) -> lambda_.Architecture:
    """Lambda's name for the target's processor."""
    return {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}[target.architecture]


@jsii.implements(ILocalBundling)
class Wheels:
    """Bundles on this machine. Never answers False: CDK would then look for Docker."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def try_bundle(self, output_dir: str, *, image: DockerImage, **_: Any) -> bool:
        wheels.install(self._target, ROOT / "layers/vendor/requirements.txt", Path(output_dir, "python"))
        return True


@jsii.implements(ILocalBundling)
class Compiled:
    """Copies our own code as it stands, and puts byte code beside it."""

    def __init__(self, source: Path, target: Target, *, lands_in: str) -> None:
        self._source = source
        self._target = target
        self._lands_in = lands_in

    def try_bundle(self, output_dir: str, *, image: DockerImage, **_: Any) -> bool:
        shutil.copytree(
            self._source, output_dir, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
        wheels.compile_for(self._target, Path(output_dir), lands_in=self._lands_in)
        return True


def own_code(source: Path, target: Target, *, lands_in: str) -> lambda_.Code:
    """The files of `source`, which Lambda unpacks in `lands_in`, with byte code of the target's Python."""
    return lambda_.Code.from_asset(
        str(source),
        exclude=CACHES,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("unused"),
            local=Compiled(source, target, lands_in=lands_in),
            command=wheels.made_for(target),
        ),
    )


class Layers(Construct):
    """`both` is what every function gets."""

    def __init__(self, scope: Construct, construct_id: str, *, target: Target) -> None:
        super().__init__(scope, construct_id)
        self._target = target
        core = own_code(ROOT / "layers/core", target, lands_in="/opt")
        vendor = lambda_.Code.from_asset(
            str(ROOT / "layers/vendor"),
            bundling=BundlingOptions(
                image=DockerImage.from_registry("unused"),
                local=Wheels(target),
                command=wheels.made_for(target),
            ),
        )
        self.both = [self._layer("Core", core, "the product"), self._layer("Vendor", vendor, "pinned wheels")]

    def _layer(self, construct_id: str, code: lambda_.Code, what: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            construct_id,
            code=code,
            description=f"{topology.SERVICE}: {what}",
            compatible_runtimes=[runtime(self._target)],
            compatible_architectures=[processor(self._target)],
        )
