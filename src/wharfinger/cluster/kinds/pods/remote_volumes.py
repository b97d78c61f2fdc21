"""Volumes on storage of providers and of older systems. Nothing here mounts them; a pod that names one is kept whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wharfinger.cluster.kinds.core import LOCAL_REFERENCE
from wharfinger.cluster.kinds.shapes import (
    ATOMIC,
    Record,
    Schema,
    flag,
    integer,
    mapping,
    text,
    texts,
)

_FS_TYPE: Final = text("Its file system.")

_READ_ONLY: Final = flag("Whether nothing can be written.")

_VOLUME_ID: Final = text("The volume.")

GCE_PERSISTENT_DISK = Record(
    "io.k8s.api.core.v1.GCEPersistentDiskVolumeSource",
    "A persistent disk of Google.",
    {
        "pdName": text("The disk."),
        "fsType": _FS_TYPE,
        "partition": integer("The partition; the whole disk if 0."),
        "readOnly": _READ_ONLY,
    },
    required=("pdName",),
)

AWS_ELASTIC_BLOCK_STORE = Record(
    "io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource",
    "A volume of Amazon's block store.",
    {
        "volumeID": _VOLUME_ID,
        "fsType": _FS_TYPE,
        "partition": integer("The partition; the whole volume if 0."),
        "readOnly": _READ_ONLY,
    },
    required=("volumeID",),
)

GIT_REPO = Record(
    "io.k8s.api.core.v1.GitRepoVolumeSource",
    "A copy of a git repository.",
    {
        "repository": text("Its address."),
        "revision": text("The commit."),
        "directory": text("The directory it is put in."),
    },
    required=("repository",),
)

ISCSI = Record(
    "io.k8s.api.core.v1.ISCSIVolumeSource",
    "A disk by iSCSI.",
    {
        "targetPortal": text("Address and port of the target."),
        "iqn": text("Name of the target."),
        "lun": integer("Number of the unit."),
        "iscsiInterface": text("The interface that is used."),
        "fsType": _FS_TYPE,
        "readOnly": _READ_ONLY,
        "portals": texts("More addresses of the target.", **ATOMIC),
        "chapAuthDiscovery": flag("Whether discovery asks for CHAP."),
        "chapAuthSession": flag("Whether sessions ask for CHAP."),
        "secretRef": LOCAL_REFERENCE.of("The secret for CHAP."),
        "initiatorName": text("The name we go by."),
    },
    required=("targetPortal", "iqn", "lun"),
)

GLUSTERFS = Record(
    "io.k8s.api.core.v1.GlusterfsVolumeSource",
    "A volume of GlusterFS.",
    {
        "endpoints": text("The endpoints that name its servers."),
        "path": text("The volume."),
        "readOnly": _READ_ONLY,
    },
    required=("endpoints", "path"),
)

RBD = Record(
    "io.k8s.api.core.v1.RBDVolumeSource",
    "A block device of Ceph.",
    {
        "monitors": texts("The monitors.", **ATOMIC),
        "image": text("The image."),
        "fsType": _FS_TYPE,
        "pool": text("The pool."),
        "user": text("The user."),
        "keyring": text("The file with the user's key."),
        "secretRef": LOCAL_REFERENCE.of("The secret with the user's key."),
        "readOnly": _READ_ONLY,
    },
    required=("monitors", "image"),
)

FLEX = Record(
    "io.k8s.api.core.v1.FlexVolumeSource",
    "A volume that a program on the node mounts.",
    {
        "driver": text("The program."),
        "fsType": _FS_TYPE,
        "secretRef": LOCAL_REFERENCE.of("The secret that is passed to the program."),
        "readOnly": _READ_ONLY,
        "options": mapping("What else is passed to the program."),
    },
    required=("driver",),
)

CINDER = Record(
    "io.k8s.api.core.v1.CinderVolumeSource",
    "A volume of OpenStack.",
    {
        "volumeID": _VOLUME_ID,
        "fsType": _FS_TYPE,
        "readOnly": _READ_ONLY,
        "secretRef": LOCAL_REFERENCE.of("The secret to reach OpenStack with."),
    },
    required=("volumeID",),
)

CEPH_FS = Record(
    "io.k8s.api.core.v1.CephFSVolumeSource",
    "A directory of CephFS.",
    {
        "monitors": texts("The monitors.", **ATOMIC),
        "path": text("The directory; the root if not given."),
        "user": text("The user."),
        "secretFile": text("The file with the user's key."),
        "secretRef": LOCAL_REFERENCE.of("The secret with the user's key."),
        "readOnly": _READ_ONLY,
    },
    required=("monitors",),
)

FLOCKER = Record(
    "io.k8s.api.core.v1.FlockerVolumeSource",
    "A dataset of Flocker.",
    {
        "datasetName": text("The dataset, by name."),
        "datasetUUID": text("The dataset, by identity."),
    },
)

FC = Record(
    "io.k8s.api.core.v1.FCVolumeSource",
    "A disk by Fibre Channel.",
    {
        "targetWWNs": texts("Names of the target.", **ATOMIC),
        "lun": integer("Number of the unit."),
        "fsType": _FS_TYPE,
        "readOnly": _READ_ONLY,
        "wwids": texts("Names of the disk in the whole world.", **ATOMIC),
    },
)

AZURE_FILE = Record(
    "io.k8s.api.core.v1.AzureFileVolumeSource",
    "A share of Azure.",
    {
        "secretName": text("The secret with the account's name and key."),
        "shareName": text("The share."),
        "readOnly": _READ_ONLY,
    },
    required=("secretName", "shareName"),
)

VSPHERE_VIRTUAL_DISK = Record(
    "io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource",
    "A disk of vSphere.",
    {
        "volumePath": text("Its path."),
        "fsType": _FS_TYPE,
        "storagePolicyName": text("The storage policy, by name."),
        "storagePolicyID": text("The storage policy, by identity."),
    },
    required=("volumePath",),
)

QUOBYTE = Record(
    "io.k8s.api.core.v1.QuobyteVolumeSource",
    "A volume of Quobyte.",
    {
        "registry": text("Addresses of the registry."),
        "volume": text("The volume."),
        "readOnly": _READ_ONLY,
        "user": text("The user it is mounted as."),
        "group": text("The group it is mounted as."),
        "tenant": text("The tenant that owns it."),
    },
    required=("registry", "volume"),
)

AZURE_DISK = Record(
    "io.k8s.api.core.v1.AzureDiskVolumeSource",
    "A disk of Azure.",
    {
        "diskName": text("The disk, by name."),
        "diskURI": text("The disk, by address."),
        "cachingMode": text("None, ReadOnly or ReadWrite."),
        "fsType": _FS_TYPE,
        "readOnly": _READ_ONLY,
        "kind": text("Shared, Dedicated or Managed."),
    },
    required=("diskName", "diskURI"),
)

PHOTON_PERSISTENT_DISK = Record(
    "io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource",
    "A disk of Photon.",
    {
        "pdID": text("The disk."),
        "fsType": _FS_TYPE,
    },
    required=("pdID",),
)

PORTWORX = Record(
    "io.k8s.api.core.v1.PortworxVolumeSource",
    "A volume of Portworx.",
    {
        "volumeID": _VOLUME_ID,
        "fsType": _FS_TYPE,
        "readOnly": _READ_ONLY,
    },
    required=("volumeID",),
)

SCALE_IO = Record(
    "io.k8s.api.core.v1.ScaleIOVolumeSource",
    "A volume of ScaleIO.",
    {
        "gateway": text("Address of the gateway."),
        "system": text("The storage system."),
        "secretRef": LOCAL_REFERENCE.of("The secret to log in with."),
        "sslEnabled": flag("Whether the gateway is reached by TLS."),
        "protectionDomain": text("The protection domain."),
        "storagePool": text("The pool."),
        "storageMode": text("ThickProvisioned or ThinProvisioned."),
        "volumeName": text("The volume."),
        "fsType": _FS_TYPE,
        "readOnly": _READ_ONLY,
    },
    required=("gateway", "system", "secretRef"),
)

STORAGE_OS = Record(
    "io.k8s.api.core.v1.StorageOSVolumeSource",
    "A volume of StorageOS.",
    {
        "volumeName": text("The volume."),
        "volumeNamespace": text("The namespace that the volume is in there."),
        "fsType": _FS_TYPE,
        "readOnly": _READ_ONLY,
        "secretRef": LOCAL_REFERENCE.of("The secret to log in with."),
    },
)

REMOTE_SOURCES: Final[Mapping[str, Schema]] = {
    "gcePersistentDisk": GCE_PERSISTENT_DISK.of("A persistent disk of Google."),
    "awsElasticBlockStore": AWS_ELASTIC_BLOCK_STORE.of("A volume of Amazon's block store."),
    "gitRepo": GIT_REPO.of("A copy of a git repository."),
    "iscsi": ISCSI.of("A disk by iSCSI."),
    "glusterfs": GLUSTERFS.of("A volume of GlusterFS."),
    "rbd": RBD.of("A block device of Ceph."),
    "flexVolume": FLEX.of("A volume that a program on the node mounts."),
    "cinder": CINDER.of("A volume of OpenStack."),
    "cephfs": CEPH_FS.of("A directory of CephFS."),
    "flocker": FLOCKER.of("A dataset of Flocker."),
    "fc": FC.of("A disk by Fibre Channel."),
    "azureFile": AZURE_FILE.of("A share of Azure."),
    "vsphereVolume": VSPHERE_VIRTUAL_DISK.of("A disk of vSphere."),
    "quobyte": QUOBYTE.of("A volume of Quobyte."),
    "azureDisk": AZURE_DISK.of("A disk of Azure."),
    "photonPersistentDisk": PHOTON_PERSISTENT_DISK.of("A disk of Photon."),
    "portworxVolume": PORTWORX.of("A volume of Portworx."),
    "scaleIO": SCALE_IO.of("A volume of ScaleIO."),
    "storageos": STORAGE_OS.of("A volume of StorageOS."),
}
"""The fields of a volume that have these sources."""
