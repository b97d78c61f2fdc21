"""A probe does one thing, with sensible numbers."""

import pytest

EXEC = {"exec": {"command": ["x"]}}


@pytest.mark.parametrize(
    "probe",
    [
        EXEC,
        {"httpGet": {"port": 80, "httpHeaders": [{"name": "X-A", "value": ""}]}},
        {"httpGet": {"port": "web", "scheme": "HTTPS"}},
        {"tcpSocket": {"port": 80}},
        {"grpc": {"port": 80}},
        {**EXEC, "terminationGracePeriodSeconds": 1},
    ],
)
def test_a_good_probe_passes(judge, probe):
    assert judge({"livenessProbe": probe}) == []


@pytest.mark.parametrize(
    ("probe", "error"),
    [
        ({}, ": Required value: must specify a handler type"),
        (
            {**EXEC, "tcpSocket": {"port": 1}},
            ".tcpSocket: Forbidden: may not specify more than 1 handler type",
        ),
        ({"exec": {}}, ".exec.command: Required value"),
        (
            {"httpGet": {}},
            ".httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            {"httpGet": {"port": "8080"}},
            '.httpGet.port: Invalid value: "8080": must contain at least one letter (a-z)',
        ),
        (
            {"httpGet": {"port": 1, "scheme": "FTP"}},
            '.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
        ),
        (
            {"httpGet": {"port": 1, "httpHeaders": [{"name": "a b"}]}},
            (
                '.httpGet.httpHeaders[0].name: Invalid value: "a b": a valid HTTP header must consist of '
                "alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is "
                "'[-A-Za-z0-9]+')"
            ),
        ),
        (
            {"grpc": {"port": 70000}},
            ".grpc.port: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            {**EXEC, "initialDelaySeconds": -1},
            ".initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        ({**EXEC, "successThreshold": 2}, ".successThreshold: Invalid value: 2: must be 1"),
        (
            {**EXEC, "terminationGracePeriodSeconds": 0},
            ".terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
        ),
    ],
)
def test_a_probe_is_refused(judge, probe, error):
    assert judge({"livenessProbe": probe}) == [f"containers[0].livenessProbe{error}"]


def test_readiness_may_need_more_than_one_success_but_ends_nothing(judge):
    assert judge({"readinessProbe": {**EXEC, "successThreshold": 2}}) == []
    assert judge({"readinessProbe": {**EXEC, "terminationGracePeriodSeconds": 5}}) == [
        (
            "containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: "
            "must not be set for readinessProbes"
        )
    ]


@pytest.mark.parametrize(
    ("handler", "errors"),
    [
        ({"sleep": {"seconds": 1}}, []),
        ({"exec": {"command": ["x"]}}, []),
        ({}, ["preStop: Required value: must specify a handler type"]),
        (
            {"sleep": {"seconds": -1}},
            ["preStop.sleep.seconds: Invalid value: -1: must be greater than or equal to 0"],
        ),
    ],
)
def test_what_is_done_before_the_end_is_one_thing(judge, handler, errors):
    found = judge({"lifecycle": {"preStop": handler}})

    assert found == [f"containers[0].lifecycle.{error}" for error in errors]
