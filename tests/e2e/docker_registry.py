"""Debian's docker-registry on loopback, without TLS, with what it holds in a folder of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from e2e import machine
from e2e.machine import Process


class DockerRegistry:
    def __init__(self, folder: Path) -> None:
        program = machine.need("docker-registry")
        folder.mkdir(parents=True)
        self._folder = folder
        port = machine.free_port()
        self.host = f"127.0.0.1:{port}"
        settings = {  # JSON is YAML
            "version": 0.1,
            "storage": {
                "filesystem": {"rootdirectory": str(folder / "held")},
                "delete": {"enabled": True},
            },
            "http": {"addr": self.host},
        }
        file = folder / "registry.yml"
        file.write_text(json.dumps(settings))
        self._process = Process(
            program,
            "serve",
            file,
            log=folder / "registry.log",
            environ={"OTEL_TRACES_EXPORTER": "none"},
        )
        output = self._process.output
        machine.eventually(output, lambda: True if "listening on" in output() else None)

    def stop(self) -> None:
        self._process.stop()

    def forget(self) -> None:
        """Once it is stopped: remove all that it held."""
        shutil.rmtree(self._folder)
