"""What a build is to be, as build configs and builds share it: the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wharfinger.cluster.kinds.core import LOCAL_REFERENCE, OBJECT_REFERENCE
from wharfinger.cluster.kinds.pods.environment import ENV_VAR
from wharfinger.cluster.kinds.pods.resources import RESOURCE_REQUIREMENTS
from wharfinger.cluster.kinds.shapes import (
    Record,
    Schema,
    anything,
    array,
    flag,
    integer,
    mapping,
    merged_by,
    text,
    texts,
)

MODELS: Final = "com.github.openshift.api.build.v1."

_PERSON: Final = Record(
    f"{MODELS}SourceControlUser",
    "Somebody in the history of a source.",
    {"name": text("Name."), "email": text("Mail address.")},
)
_COMMIT: Final = Record(
    f"{MODELS}GitSourceRevision",
    "A commit.",
    {
        "commit": text("Its hash."),
        "author": _PERSON.of("Who wrote it."),
        "committer": _PERSON.of("Who committed it."),
        "message": text("Its message."),
    },
)
REVISION: Final = Record(
    f"{MODELS}SourceRevision",
    "The state of the source that is built.",
    {"type": text("Git."), "git": _COMMIT.of("The commit.")},
    required=("type",),
)
_PATH: Final = Record(
    f"{MODELS}ImageSourcePath",
    "What to copy out of an image.",
    {"sourcePath": text("Path in the image."), "destinationDir": text("Directory of the build.")},
    required=("sourcePath", "destinationDir"),
)
_IMAGE: Final = Record(
    f"{MODELS}ImageSource",
    "Files from an image.",
    {
        "from": OBJECT_REFERENCE.of("The image."),
        "as": texts("Names of stages for which this image stands."),
        "paths": array("What to copy.", _PATH),
        "pullSecret": LOCAL_REFERENCE.of("The login to pull the image with."),
    },
    required=("from",),
)
_SECRET: Final = Record(
    f"{MODELS}SecretBuildSource",
    "A secret as files of the build.",
    {
        "secret": LOCAL_REFERENCE.of("The secret."),
        "destinationDir": text("Directory of the build."),
    },
    required=("secret",),
)
_CONFIG_MAP: Final = Record(
    f"{MODELS}ConfigMapBuildSource",
    "A config map as files of the build.",
    {
        "configMap": LOCAL_REFERENCE.of("The config map."),
        "destinationDir": text("Directory of the build."),
    },
    required=("configMap",),
)
_GIT: Final = Record(
    f"{MODELS}GitBuildSource",
    "A repository of git.",
    {
        "uri": text("Where it is."),
        "ref": text("Branch, tag or commit."),
        "httpProxy": text("Proxy for http."),
        "httpsProxy": text("Proxy for https."),
        "noProxy": text("Hosts that are asked without a proxy."),
    },
    required=("uri",),
)
_BINARY: Final = Record(
    f"{MODELS}BinaryBuildSource",
    "Files that are sent with the request to build.",
    {"asFile": text("The name to give a single file.")},
)
SOURCE: Final = Record(
    f"{MODELS}BuildSource",
    "What is built.",
    {
        "type": text("Git, Dockerfile, Binary, Image or None."),
        "binary": _BINARY.of("Files sent with the request."),
        "dockerfile": text("The content of a Dockerfile."),
        "git": _GIT.of("A repository."),
        "images": array("Files from images.", _IMAGE),
        "contextDir": text("The directory of the source to build in."),
        "sourceSecret": LOCAL_REFERENCE.of("The login for the repository."),
        "secrets": array("Secrets as files.", _SECRET),
        "configMaps": array("Config maps as files.", _CONFIG_MAP),
    },
)
_MOUNT: Final = Record(
    f"{MODELS}BuildVolumeMount",
    "Where a volume is mounted.",
    {"destinationPath": text("An absolute path of the build.")},
    required=("destinationPath",),
)
_VOLUME: Final = Record(
    f"{MODELS}BuildVolume",
    "Files that are mounted while building.",
    {
        "name": text("Name of the volume."),
        "source": anything("A secret, a config map or a driver, with its type."),
        "mounts": array("Where.", _MOUNT, **merged_by("destinationPath")),
    },
    required=("name", "source", "mounts"),
)
_IMAGE_AND_LOGIN: Final[Mapping[str, Schema]] = {
    "from": OBJECT_REFERENCE.of("The image to build upon or with."),
    "pullSecret": LOCAL_REFERENCE.of("The login to pull it with."),
    "env": array("Variables of the build.", ENV_VAR),
    "forcePull": flag("Whether to pull the image even if it is there."),
}
_VOLUMES: Final = array("Volumes of the build.", _VOLUME, **merged_by("name"))
_DOCKER: Final = Record(
    f"{MODELS}DockerBuildStrategy",
    "Build a Dockerfile.",
    {
        **_IMAGE_AND_LOGIN,
        "noCache": flag("Whether to build every layer anew."),
        "dockerfilePath": text("Path of the Dockerfile within the source."),
        "buildArgs": array("Arguments of the Dockerfile.", ENV_VAR),
        "imageOptimizationPolicy": text("None, SkipLayers or SkipLayersAndWarn."),
        "volumes": _VOLUMES,
    },
)
_FROM_SOURCE: Final = Record(
    f"{MODELS}SourceBuildStrategy",
    "Let a builder image make an image of the source.",
    {
        **_IMAGE_AND_LOGIN,
        "scripts": text("Where the scripts of the builder are, if not in it."),
        "incremental": flag("Whether to go on from the last image."),
        "volumes": _VOLUMES,
    },
    required=("from",),
)
_CUSTOM_SECRET: Final = Record(
    f"{MODELS}SecretSpec",
    "A secret in the container of the builder.",
    {"secretSource": LOCAL_REFERENCE.of("The secret."), "mountPath": text("Where.")},
    required=("secretSource", "mountPath"),
)
_CUSTOM: Final = Record(
    f"{MODELS}CustomBuildStrategy",
    "Run an image that builds.",
    {
        **_IMAGE_AND_LOGIN,
        "exposeDockerSocket": flag("Whether the builder gets the socket of the engine."),
        "secrets": array("Secrets for the builder.", _CUSTOM_SECRET),
        "buildAPIVersion": text("The version of the build object that the builder reads."),
    },
    required=("from",),
)
_PIPELINE: Final = Record(
    f"{MODELS}JenkinsPipelineBuildStrategy",
    "Run a pipeline of Jenkins.",
    {
        "jenkinsfilePath": text("Path of the pipeline within the source."),
        "jenkinsfile": text("The pipeline itself."),
        "env": array("Variables of the pipeline.", ENV_VAR),
    },
)
STRATEGIES: Final[Mapping[str, str]] = {
    "dockerStrategy": "Docker",
    "sourceStrategy": "Source",
    "customStrategy": "Custom",
    "jenkinsPipelineStrategy": "JenkinsPipeline",
}
"""The fields of a strategy, one of which is given, and the type that each stands for."""

STRATEGY: Final = Record(
    f"{MODELS}BuildStrategy",
    "How it is built: one of four.",
    {
        "type": text("Docker, Source, Custom or JenkinsPipeline."),
        "dockerStrategy": _DOCKER.of("Build a Dockerfile."),
        "sourceStrategy": _FROM_SOURCE.of("Let a builder image do it."),
        "customStrategy": _CUSTOM.of("Run an image that builds."),
        "jenkinsPipelineStrategy": _PIPELINE.of("Run a pipeline."),
    },
)
_LABEL: Final = Record(
    f"{MODELS}ImageLabel",
    "A label of the image.",
    {"name": text("Name."), "value": text("Value.")},
    required=("name",),
)
OUTPUT: Final = Record(
    f"{MODELS}BuildOutput",
    "Where the image goes.",
    {
        "to": OBJECT_REFERENCE.of("An ImageStreamTag or a DockerImage."),
        "pushSecret": LOCAL_REFERENCE.of("The login to push with."),
        "imageLabels": array("Labels of the image.", _LABEL),
    },
)
_AFTERWARDS: Final = Record(
    f"{MODELS}BuildPostCommitSpec",
    "What to run in the image before it is pushed.",
    {
        "command": texts("The command."),
        "args": texts("Its arguments."),
        "script": text("A script for a shell instead."),
    },
)
COMMON: Final[Mapping[str, Schema]] = {
    "serviceAccount": text("The account whose secrets the build has; builder if not given."),
    "source": SOURCE.of("What is built."),
    "revision": REVISION.of("The state of the source."),
    "strategy": STRATEGY.of("How it is built."),
    "output": OUTPUT.of("Where the image goes."),
    "resources": RESOURCE_REQUIREMENTS.of("What the build may use."),
    "postCommit": _AFTERWARDS.of("What to run before the push."),
    "completionDeadlineSeconds": integer("After how long a build is given up.", bits=64),
    "nodeSelector": mapping("Labels of the nodes that may build."),
    "mountTrustedCA": flag("Whether the build trusts the authorities of the cluster."),
}
