"""
The parts that the kinds of `image.openshift.io/v1` share: images, tags, what happened to a tag.

A tag of the spec says where images come from; the tags of the status are the history, newest event
first. What stands in the status is what the server has seen, and decides what is pulled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wharfinger.cluster.kinds.core import LOCAL_REFERENCE, OBJECT_REFERENCE
from wharfinger.cluster.kinds.meta import OBJECT_META
from wharfinger.cluster.kinds.shapes import (
    Record,
    Schema,
    anything,
    array,
    flag,
    integer,
    mapping,
    merged_by,
    moment,
    text,
    texts,
)

GROUP: Final = "image.openshift.io"
MODELS: Final = "com.github.openshift.api.image.v1."

LAYER: Final = Record(
    f"{MODELS}ImageLayer",
    "One layer of an image.",
    {
        "name": text("Its digest."),
        "size": integer("Its bytes.", bits=64),
        "mediaType": text("Its form."),
    },
    required=("name", "size", "mediaType"),
)
_CHILD: Final = Record(
    f"{MODELS}ImageManifest",
    "One image of an index.",
    {
        "digest": text("Its digest."),
        "mediaType": text("The form of its manifest."),
        "manifestSize": integer("The bytes of its manifest.", bits=64),
        "architecture": text("The processors that it is for."),
        "os": text("The system that it is for."),
        "variant": text("The kind of processor, more exactly."),
    },
    required=("digest", "mediaType", "manifestSize", "architecture", "os"),
)
_SIGNATURE_CONDITION: Final = Record(
    f"{MODELS}SignatureCondition",
    "Something that somebody has found out about a signature.",
    {
        "type": text("Complete or Failed."),
        "status": text("True, False or Unknown."),
        "lastProbeTime": moment("When it was last looked at."),
        "lastTransitionTime": moment("When the status last changed."),
        "reason": text("Why, for machines."),
        "message": text("Why, for people."),
    },
    required=("type", "status"),
)
_ENTITY: Final[Mapping[str, Schema]] = {
    "organization": text("Organization."),
    "commonName": text("Common name."),
}
_ISSUER: Final = Record(f"{MODELS}SignatureIssuer", "Who vouches for a key.", _ENTITY)
_SUBJECT: Final = Record(
    f"{MODELS}SignatureSubject",
    "Who has signed.",
    {**_ENTITY, "publicKeyID": text("The key.")},
    required=("publicKeyID",),
)
SIGNATURE_FIELDS: Final[Mapping[str, Schema]] = {
    "type": text("How it was made, as atomic."),
    "content": text("The signature itself, in base64.", format="byte"),
    "conditions": array(
        "What has been found out about it.", _SIGNATURE_CONDITION, **merged_by("type")
    ),
    "imageIdentity": text("What is signed, as its signer names it."),
    "signedClaims": mapping("What else is signed."),
    "created": moment("When it was made."),
    "issuedBy": _ISSUER.of("Who vouches for the key."),
    "issuedTo": _SUBJECT.of("Who has signed."),
}
_META: Final[Mapping[str, Schema]] = {
    "apiVersion": text("Group and version of this representation of the object."),
    "kind": text("The type of the object, as a singular noun in CamelCase."),
    "metadata": OBJECT_META.of("What every object has: name, labels, versions, owners."),
}
SIGNATURE: Final = Record(
    f"{MODELS}ImageSignature",
    "A signature of an image.",
    {**_META, **SIGNATURE_FIELDS},
    required=("type", "content"),
)
IMAGE_FIELDS: Final[Mapping[str, Schema]] = {
    "dockerImageReference": text("Where the image was first seen."),
    "dockerImageMetadata": anything("What its config says."),
    "dockerImageMetadataVersion": text("The form of dockerImageMetadata."),
    "dockerImageManifest": text("Its manifest, where that is asked for."),
    "dockerImageLayers": array("Its layers, the lowest first.", LAYER),
    "signatures": array("Its signatures.", SIGNATURE),
    "dockerImageSignatures": array(
        "Signatures of an old form.", text("One signature, in base64.", format="byte")
    ),
    "dockerImageManifestMediaType": text("The form of the manifest."),
    "dockerImageConfig": text("Its config, where that is asked for."),
    "dockerImageManifests": array("The images of an index.", _CHILD),
}
IMAGE: Final = Record(
    f"{MODELS}Image", "An image, by the digest of its manifest.", {**_META, **IMAGE_FIELDS}
)

IMPORT_POLICY: Final = Record(
    f"{MODELS}TagImportPolicy",
    "How a tag is imported.",
    {
        "insecure": flag("Whether a registry without TLS, or with any certificate, will do."),
        "scheduled": flag("Whether the tag is looked at again and again."),
        "importMode": text("Legacy: one image of an index; PreserveOriginal: the index."),
    },
)
REFERENCE_POLICY: Final = Record(
    f"{MODELS}TagReferencePolicy",
    "Where the image of a tag is pulled from.",
    {"type": text("Source: where it comes from; Local: this registry.")},
    required=("type",),
)
TAG: Final = Record(
    f"{MODELS}TagReference",
    "Where the images of a tag come from.",
    {
        "name": text("The tag."),
        "annotations": mapping("Notes, which images of the tag show too."),
        "from": OBJECT_REFERENCE.of("An image elsewhere, or a tag or an image of a stream."),
        "reference": flag("Whether the name is only handed on and nothing is imported."),
        "generation": integer("When it was last changed; 0 asks for an import.", bits=64),
        "importPolicy": IMPORT_POLICY.of("How it is imported."),
        "referencePolicy": REFERENCE_POLICY.of("Where it is pulled from."),
    },
)
"""Without a required name: where one tag is written alone, its object is named by it."""
_EVENT: Final = Record(
    f"{MODELS}TagEvent",
    "An image that came under a tag.",
    {
        "created": moment("When."),
        "dockerImageReference": text("Where the image is."),
        "image": text("Its digest."),
        "generation": integer("The generation of the stream that asked for it.", bits=64),
    },
    required=("created", "dockerImageReference", "image", "generation"),
)
CONDITION: Final = Record(
    f"{MODELS}TagEventCondition",
    "Something that holds of a tag.",
    {
        "type": text("ImportSuccess."),
        "status": text("True, False or Unknown."),
        "lastTransitionTime": moment("When the status last changed."),
        "reason": text("Why, for machines."),
        "message": text("Why, for people."),
        "generation": integer("The generation that it is about.", bits=64),
    },
    required=("type", "status", "generation"),
)
HISTORY: Final = Record(
    f"{MODELS}NamedTagEventList",
    "What happened to a tag.",
    {
        "tag": text("The tag."),
        "items": array("Its images, the newest first.", _EVENT),
        "conditions": array("What holds of it.", CONDITION),
    },
    required=("tag", "items"),
)
LOOKUP_POLICY: Final = Record(
    f"{MODELS}ImageLookupPolicy",
    "Who finds the stream by its bare name.",
    {"local": flag("Whether pods of the namespace do.")},
    required=("local",),
)
STREAM_SPEC: Final = Record(
    f"{MODELS}ImageStreamSpec",
    "Where the images of a stream come from.",
    {
        "lookupPolicy": LOOKUP_POLICY.of("Who finds it by its bare name."),
        "dockerImageRepository": text("A repository elsewhere, all of whose tags are imported."),
        "tags": array("Tags, and where each comes from.", TAG, **merged_by("name")),
    },
)
_PATCHED_BY_TAG: Final = {
    "x-kubernetes-patch-merge-key": "tag",
    "x-kubernetes-patch-strategy": "merge",
}
"""Patches tell the tags apart. Who manages them is not noted tag by tag: a stream has thousands."""

STREAM_STATUS: Final = Record(
    f"{MODELS}ImageStreamStatus",
    "What a stream has.",
    {
        "dockerImageRepository": text("Where to pull from and push to."),
        "publicDockerImageRepository": text("The same, from outside."),
        "tags": array("What happened to each tag.", HISTORY, **_PATCHED_BY_TAG),
    },
    required=("dockerImageRepository",),
)
STREAM_FIELDS: Final[Mapping[str, Schema]] = {
    "spec": STREAM_SPEC.of("Where the images come from."),
    "status": STREAM_STATUS.of("What it has."),
}
STREAM: Final = Record(
    f"{MODELS}ImageStream", "Tags of images, with their history.", {**_META, **STREAM_FIELDS}
)

_IMPORTED: Final[Mapping[str, Schema]] = {
    "from": OBJECT_REFERENCE.of("What is imported: of the kind DockerImage."),
    "importPolicy": IMPORT_POLICY.of("How it is imported."),
    "referencePolicy": REFERENCE_POLICY.of("Where it is pulled from."),
    "includeManifest": flag("Whether the answer has the manifest."),
}
_REPOSITORY_SPEC: Final = Record(
    f"{MODELS}RepositoryImportSpec",
    "A repository to be imported.",
    _IMPORTED,
    required=("from",),
)
_IMAGE_SPEC: Final = Record(
    f"{MODELS}ImageImportSpec",
    "An image to be imported.",
    {**_IMPORTED, "to": LOCAL_REFERENCE.of("The tag that it gets.")},
    required=("from",),
)
IMPORT_SPEC: Final = Record(
    f"{MODELS}ImageStreamImportSpec",
    "What is to be imported.",
    {
        "import": flag("Whether it is kept; else it is only looked at."),
        "repository": _REPOSITORY_SPEC.of("A whole repository."),
        "images": array("Single images.", _IMAGE_SPEC),
    },
    required=("import",),
)
_IMAGE_STATUS: Final = Record(
    f"{MODELS}ImageImportStatus",
    "What came of the import of an image.",
    {
        "status": anything("How it went: a Status."),
        "image": IMAGE.of("The image."),
        "tag": text("The tag that it was imported by."),
        "manifests": array("The images of an index.", IMAGE),
    },
    required=("status",),
)
_REPOSITORY_STATUS: Final = Record(
    f"{MODELS}RepositoryImportStatus",
    "What came of the import of a repository.",
    {
        "status": anything("How it went: a Status."),
        "images": array("Its images.", _IMAGE_STATUS),
        "additionalTags": texts("Tags that were not imported, as there were too many."),
    },
)
IMPORT_STATUS: Final = Record(
    f"{MODELS}ImageStreamImportStatus",
    "What came of an import.",
    {
        "import": STREAM.of("The stream as it is now."),
        "repository": _REPOSITORY_STATUS.of("Of the whole repository."),
        "images": array(
            "Of single images, in the order in which they were asked for.", _IMAGE_STATUS
        ),
    },
)
