"""With which rights and identity containers run."""

from __future__ import annotations

from wharfinger.cluster.kinds.shapes import (
    ATOMIC,
    Record,
    array,
    flag,
    integer,
    integers,
    text,
    texts,
)

_SELINUX_OPTIONS = Record(
    "io.k8s.api.core.v1.SELinuxOptions",
    "The SELinux label.",
    {
        "user": text("The user of the label."),
        "role": text("The role of the label."),
        "type": text("The type of the label."),
        "level": text("The level of the label."),
    },
)

_WINDOWS_SECURITY_CONTEXT_OPTIONS = Record(
    "io.k8s.api.core.v1.WindowsSecurityContextOptions",
    "What only Windows knows.",
    {
        "gmsaCredentialSpecName": text(
            "The name of a credential specification of a managed service account."
        ),
        "gmsaCredentialSpec": text("That credential specification itself."),
        "runAsUserName": text("The user who runs the program."),
        "hostProcess": flag("Whether the container runs as a process of the host."),
    },
)

_SECCOMP_PROFILE = Record(
    "io.k8s.api.core.v1.SeccompProfile",
    "Which system calls are let through.",
    {
        "type": text("Localhost, RuntimeDefault or Unconfined."),
        "localhostProfile": text("For Localhost: the file of the profile on the node."),
    },
    required=("type",),
)

_APP_ARMOR_PROFILE = Record(
    "io.k8s.api.core.v1.AppArmorProfile",
    "What AppArmor lets through.",
    {
        "type": text("Localhost, RuntimeDefault or Unconfined."),
        "localhostProfile": text("For Localhost: the profile that is loaded on the node."),
    },
    required=("type",),
)

_CAPABILITIES = Record(
    "io.k8s.api.core.v1.Capabilities",
    "Linux capabilities.",
    {
        "add": texts("Those to give beside the usual ones.", **ATOMIC),
        "drop": texts("Those to take away.", **ATOMIC),
    },
)

_SYSCTL = Record(
    "io.k8s.api.core.v1.Sysctl",
    "One parameter of the kernel.",
    {
        "name": text("The parameter."),
        "value": text("Its value."),
    },
    required=("name", "value"),
)

POD_SECURITY_CONTEXT = Record(
    "io.k8s.api.core.v1.PodSecurityContext",
    "Rights and identity of all containers of a pod, as far as they do not say otherwise.",
    {
        "seLinuxOptions": _SELINUX_OPTIONS.of("The SELinux label."),
        "windowsOptions": _WINDOWS_SECURITY_CONTEXT_OPTIONS.of("What only Windows knows."),
        "runAsUser": integer("The number of the user who runs the programs.", bits=64),
        "runAsGroup": integer("The number of that user's first group.", bits=64),
        "runAsNonRoot": flag("Whether to refuse to run as root."),
        "supplementalGroups": integers("More groups of the user.", bits=64, **ATOMIC),
        "supplementalGroupsPolicy": text(
            "Merge or Strict: whether groups that the image names count too."
        ),
        "fsGroup": integer("The group that owns volumes which know owners.", bits=64),
        "sysctls": array("Parameters of the kernel.", _SYSCTL, **ATOMIC),
        "fsGroupChangePolicy": text(
            "Always or OnRootMismatch: when the owners of a volume are changed."
        ),
        "seccompProfile": _SECCOMP_PROFILE.of("Which system calls are let through."),
        "appArmorProfile": _APP_ARMOR_PROFILE.of("What AppArmor lets through."),
        "seLinuxChangePolicy": text("MountOption or Recursive: how volumes get their label."),
    },
)

SECURITY_CONTEXT = Record(
    "io.k8s.api.core.v1.SecurityContext",
    "Rights and identity of one container.",
    {
        "capabilities": _CAPABILITIES.of("Linux capabilities to add and drop."),
        "privileged": flag("Whether it may do all that root on the host may."),
        "seLinuxOptions": _SELINUX_OPTIONS.of("The SELinux label."),
        "windowsOptions": _WINDOWS_SECURITY_CONTEXT_OPTIONS.of("What only Windows knows."),
        "runAsUser": integer("The number of the user who runs the program.", bits=64),
        "runAsGroup": integer("The number of that user's first group.", bits=64),
        "runAsNonRoot": flag("Whether to refuse to run as root."),
        "readOnlyRootFilesystem": flag("Whether its own files cannot be changed."),
        "allowPrivilegeEscalation": flag("Whether a process may get more rights than its parent."),
        "procMount": text("Default or Unmasked: how much of /proc it sees."),
        "seccompProfile": _SECCOMP_PROFILE.of("Which system calls are let through."),
        "appArmorProfile": _APP_ARMOR_PROFILE.of("What AppArmor lets through."),
    },
)
