"""Rights and identities that can be."""

import pytest


@pytest.mark.parametrize(
    ("context", "errors"),
    [
        ({"runAsUser": 0, "fsGroup": 2147483647, "supplementalGroups": [0]}, []),
        ({"seccompProfile": {"type": "Localhost", "localhostProfile": "a"}}, []),
        ({"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}, []),
        ({"sysctls": [{"name": "net/ipv4/tcp_syncookies", "value": "1"}]}, []),
        (
            {"runAsUser": -1},
            ["runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
        ),
        (
            {"supplementalGroups": [1 << 40]},
            [
                (
                    "supplementalGroups[0]: Invalid value: 1099511627776: "
                    "must be between 0 and 2147483647, inclusive"
                )
            ],
        ),
        (
            {"seccompProfile": {}},
            ["seccompProfile.type: Required value: type is required when seccompProfile is set"],
        ),
        (
            {"seccompProfile": {"type": "Localhost"}},
            [
                (
                    "seccompProfile.localhostProfile: Required value: "
                    "must be set when seccomp type is Localhost"
                )
            ],
        ),
        (
            {"appArmorProfile": {"type": "Unconfined", "localhostProfile": "a"}},
            [
                (
                    'appArmorProfile.localhostProfile: Invalid value: "a": '
                    "can only be set when appArmor type is Localhost"
                )
            ],
        ),
        (
            {"fsGroupChangePolicy": "Never"},
            [
                (
                    'fsGroupChangePolicy: Unsupported value: "Never": supported values: '
                    '"Always", "OnRootMismatch"'
                )
            ],
        ),
        ({"sysctls": [{"value": "1"}]}, ["sysctls[0].name: Required value"]),
        (
            {"sysctls": [{"name": "a.b"}, {"name": "a/b"}]},
            ['sysctls[1].name: Duplicate value: "a.b"'],
        ),
    ],
)
def test_a_pod_says_who_runs_it(judge, context, errors):
    assert judge(securityContext=context) == [f"securityContext.{error}" for error in errors]


def test_a_name_of_a_parameter_of_the_kernel_has_a_grammar(judge):
    (error,) = judge(securityContext={"sysctls": [{"name": "A b"}]})

    assert "must have at most 253 characters and match regex" in error


@pytest.mark.parametrize(
    ("context", "detail"),
    [
        ({"privileged": True}, "`privileged` to true"),
        ({"capabilities": {"add": ["CAP_SYS_ADMIN"]}}, "`capabilities.Add` CAP_SYS_ADMIN"),
    ],
)
def test_who_may_do_all_may_get_more(judge, context, detail):
    (error,) = judge({"securityContext": {"allowPrivilegeEscalation": False, **context}})

    assert error.endswith(f": cannot set `allowPrivilegeEscalation` to false and {detail}")
    assert judge({"securityContext": context}) == []


def test_processes_are_shared_with_the_pod_or_the_host(judge):
    assert judge(shareProcessNamespace=True, hostPID=True) == [
        (
            "shareProcessNamespace: Invalid value: true: "
            "ShareProcessNamespace and HostPID cannot both be enabled"
        )
    ]
