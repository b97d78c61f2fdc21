"""How the health of a container is asked for, and what is done when it starts and stops."""

from __future__ import annotations

from wharfinger.cluster.kinds.shapes import (
    ATOMIC,
    Record,
    array,
    int_or_string,
    integer,
    text,
    texts,
)

_EXEC_ACTION = Record(
    "io.k8s.api.core.v1.ExecAction",
    "Runs a command in the container.",
    {
        "command": texts("The program and its arguments; no shell is involved.", **ATOMIC),
    },
)

_HTTP_HEADER = Record(
    "io.k8s.api.core.v1.HTTPHeader",
    "One header of a request.",
    {
        "name": text("Its name."),
        "value": text("Its value."),
    },
    required=("name", "value"),
)

_HTTP_GET_ACTION = Record(
    "io.k8s.api.core.v1.HTTPGetAction",
    "Asks by HTTP.",
    {
        "path": text("The path that is asked for."),
        "port": int_or_string("The port, by number or by its name in the container."),
        "host": text("The host to ask; the pod itself if not given."),
        "scheme": text("HTTP or HTTPS."),
        "httpHeaders": array("Headers to send.", _HTTP_HEADER, **ATOMIC),
    },
    required=("port",),
)

_TCP_SOCKET_ACTION = Record(
    "io.k8s.api.core.v1.TCPSocketAction",
    "Opens a connection.",
    {
        "port": int_or_string("The port, by number or by its name in the container."),
        "host": text("The host to connect to; the pod itself if not given."),
    },
    required=("port",),
)

_GRPC_ACTION = Record(
    "io.k8s.api.core.v1.GRPCAction",
    "Asks the health service of gRPC.",
    {
        "port": integer("The port."),
        "service": text("The service to ask about."),
    },
    required=("port",),
)

_SLEEP_ACTION = Record(
    "io.k8s.api.core.v1.SleepAction",
    "Waits.",
    {
        "seconds": integer("How long.", bits=64),
    },
    required=("seconds",),
)

PROBE = Record(
    "io.k8s.api.core.v1.Probe",
    "Asks whether a container is well, again and again.",
    {
        "exec": _EXEC_ACTION.of("Well when this command ends with 0."),
        "httpGet": _HTTP_GET_ACTION.of("Well when the answer has a status from 200 to 399."),
        "tcpSocket": _TCP_SOCKET_ACTION.of("Well when the port takes a connection."),
        "grpc": _GRPC_ACTION.of("Well when the service says that it serves."),
        "initialDelaySeconds": integer("How long to wait before the first time."),
        "timeoutSeconds": integer("How long an answer may take."),
        "periodSeconds": integer("How often to ask."),
        "successThreshold": integer("So many good answers in a row make it well."),
        "failureThreshold": integer("So many bad answers in a row make it unwell."),
        "terminationGracePeriodSeconds": integer(
            "How long it may take to end after this probe failed; that of the pod if not given.",
            bits=64,
        ),
    },
)

_LIFECYCLE_HANDLER = Record(
    "io.k8s.api.core.v1.LifecycleHandler",
    "One thing to do; exactly one of the fields is given.",
    {
        "exec": _EXEC_ACTION.of("Run a command in the container."),
        "httpGet": _HTTP_GET_ACTION.of("Send a request."),
        "tcpSocket": _TCP_SOCKET_ACTION.of("Not used any more."),
        "sleep": _SLEEP_ACTION.of("Wait."),
    },
)

LIFECYCLE = Record(
    "io.k8s.api.core.v1.Lifecycle",
    "What to do around the life of a container.",
    {
        "postStart": _LIFECYCLE_HANDLER.of("Done at once after the container started."),
        "preStop": _LIFECYCLE_HANDLER.of("Done before the container is told to stop."),
        "stopSignal": text("The signal by which it is told to stop."),
    },
)
