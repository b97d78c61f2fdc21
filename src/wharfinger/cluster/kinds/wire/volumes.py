"""Of core/v1: volumes of pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CORE: Final = "io.k8s.api.core.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_CORE}AWSElasticBlockStoreVolumeSource": "volumeID? fsType partition readOnly",
    f"{_CORE}AzureDiskVolumeSource": "diskName? diskURI? cachingMode? fsType? readOnly? kind?",
    f"{_CORE}AzureFileVolumeSource": "secretName? shareName? readOnly",
    f"{_CORE}CSIVolumeSource": ("driver? readOnly? fsType? volumeAttributes nodePublishSecretRef"),
    f"{_CORE}CephFSVolumeSource": "monitors path user secretFile secretRef readOnly",
    f"{_CORE}CinderVolumeSource": "volumeID? fsType readOnly secretRef",
    f"{_CORE}ClusterTrustBundleProjection": "name? signerName? labelSelector path? optional?",
    f"{_CORE}ConfigMapProjection": f"&{_CORE}LocalObjectReference items - optional?",
    f"{_CORE}ConfigMapVolumeSource": (f"&{_CORE}LocalObjectReference items defaultMode? optional?"),
    f"{_CORE}DownwardAPIProjection": "items",
    f"{_CORE}DownwardAPIVolumeFile": "path? fieldRef resourceFieldRef mode?",
    f"{_CORE}DownwardAPIVolumeSource": "items defaultMode?",
    f"{_CORE}EmptyDirVolumeSource": "medium sizeLimit",
    f"{_CORE}EphemeralVolumeSource": "volumeClaimTemplate",
    f"{_CORE}FCVolumeSource": "targetWWNs lun? fsType readOnly wwids",
    f"{_CORE}FlexVolumeSource": "driver? fsType secretRef readOnly options",
    f"{_CORE}FlockerVolumeSource": "datasetName datasetUUID",
    f"{_CORE}GCEPersistentDiskVolumeSource": "pdName? fsType partition readOnly",
    f"{_CORE}GitRepoVolumeSource": "repository? revision directory",
    f"{_CORE}GlusterfsVolumeSource": "endpoints? path? readOnly",
    f"{_CORE}HostPathVolumeSource": "path? type?",
    f"{_CORE}ISCSIVolumeSource": (
        "targetPortal? iqn? lun? iscsiInterface fsType readOnly portals chapAuthDiscovery - "
        "secretRef chapAuthSession initiatorName?"
    ),
    f"{_CORE}ImageVolumeSource": "reference pullPolicy",
    f"{_CORE}NFSVolumeSource": "server? path? readOnly",
    f"{_CORE}PersistentVolumeClaimSpec": (
        "accessModes resources volumeName selector storageClassName? volumeMode? dataSource "
        "dataSourceRef volumeAttributesClassName?"
    ),
    f"{_CORE}PersistentVolumeClaimTemplate": "metadata spec",
    f"{_CORE}PersistentVolumeClaimVolumeSource": "claimName? readOnly",
    f"{_CORE}PhotonPersistentDiskVolumeSource": "pdID? fsType",
    f"{_CORE}PodCertificateProjection": (
        "signerName keyType maxExpirationSeconds? credentialBundlePath keyPath "
        "certificateChainPath userAnnotations"
    ),
    f"{_CORE}PortworxVolumeSource": "volumeID? fsType readOnly",
    f"{_CORE}ProjectedVolumeSource": "sources defaultMode?",
    f"{_CORE}QuobyteVolumeSource": "registry? volume? readOnly user group tenant",
    f"{_CORE}RBDVolumeSource": "monitors image? fsType pool user keyring secretRef readOnly",
    f"{_CORE}ScaleIOVolumeSource": (
        "gateway? system? secretRef sslEnabled protectionDomain storagePool storageMode "
        "volumeName fsType readOnly"
    ),
    f"{_CORE}SecretProjection": f"&{_CORE}LocalObjectReference items - optional?",
    f"{_CORE}SecretVolumeSource": "secretName items defaultMode? optional?",
    f"{_CORE}ServiceAccountTokenProjection": "audience expirationSeconds? path?",
    f"{_CORE}StorageOSVolumeSource": "volumeName volumeNamespace fsType readOnly secretRef",
    f"{_CORE}TypedLocalObjectReference": "apiGroup? kind? name?",
    f"{_CORE}TypedObjectReference": "apiGroup? kind? name? namespace?",
    f"{_CORE}Volume": f"name? &{_CORE}VolumeSource",
    f"{_CORE}VolumeProjection": (
        "secret downwardAPI configMap serviceAccountToken clusterTrustBundle podCertificate"
    ),
    f"{_CORE}VolumeSource": (
        "hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi "
        "glusterfs persistentVolumeClaim rbd flexVolume cinder cephfs flocker downwardAPI fc "
        "azureFile configMap vsphereVolume quobyte azureDisk photonPersistentDisk "
        "portworxVolume scaleIO projected storageos csi ephemeral image"
    ),
    f"{_CORE}VsphereVirtualDiskVolumeSource": (
        "volumePath? fsType storagePolicyName storagePolicyID"
    ),
}
