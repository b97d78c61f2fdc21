from ipaddress import ip_network
from pathlib import Path

import pytest

from wharfinger.server import settings
from wharfinger.server.settings import BadSettings, Listen, Settings


@pytest.fixture
def config(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "wharfinger.toml"
        path.write_text(text)
        return path

    return write


def test_a_flag_wins_over_the_environment_and_that_over_the_file(config):
    path = config('listen = "127.0.0.1:1"\nnames = ["file.test"]\ndrain_seconds = 1\n')
    environment = {"WHARF_LISTEN": "127.0.0.1:2", "WHARF_DRAIN_SECONDS": "2"}

    loaded = settings.load({"config": path, "listen": "127.0.0.1:3"}, environment)

    assert loaded.listen == Listen("127.0.0.1", 3)
    assert loaded.drain_seconds == 2
    assert loaded.names == ("file.test",)


def test_the_environment_can_name_the_file(config):
    loaded = settings.load({}, {"WHARF_CONFIG": str(config('listen = "127.0.0.1:7"'))})

    assert loaded.listen.port == 7


def test_an_empty_variable_counts_as_absent():
    assert settings.load({}, {"WHARF_LISTEN": ""}).listen == Listen("127.0.0.1", 5000)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "a.test", "10.0.0.0/33", ""])
def test_only_networks_are_networks_of_the_inside(text):
    with pytest.raises(BadSettings):
        settings.load({"import_inside": [text]}, {})


def test_networks_of_the_inside_may_stand_in_the_environment():
    loaded = settings.load({}, {"WHARF_IMPORT_INSIDE": "10.0.0.0/8, 192.0.2.7"})

    assert loaded.import_inside == (ip_network("10.0.0.0/8"), ip_network("192.0.2.7/32"))


def test_variables_of_other_commands_are_left_to_them():
    assert settings.load({}, {"WHARF_KUBECONFIG": "/k"}) == settings.load({}, {})


def test_the_settings_survive_the_way_through_the_environment(tmp_path):
    wanted = Settings(
        state=tmp_path,
        listen=Listen("::1", 5001),
        tls_cert=tmp_path / "c",
        tls_key=tmp_path / "k",
        names=("a.test", "b.test"),
        htpasswd=tmp_path / "h",
        drain_seconds=3,
        image_policy=tmp_path / "i",
        import_policy=tmp_path / "p",
        import_inside=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
    )

    assert settings.load({}, wanted.environment()) == wanted


@pytest.mark.parametrize(
    "text",
    [
        'listn = "127.0.0.1:5000"',
        "listen = 5000",
        'listen = "example.test:5000"',
        'listen = "127.0.0.1"',
        'listen = "127.0.0.1:65536"',
        'listen = "::1:5000"',
        'no_tls = "perhaps"',
        'names = ["a b"]',
        'names = ["a.test:5000"]',
        "names = 5",
        "drain_seconds = -1",
        "drain_seconds = true",
        "drain_seconds = 3601",
        'state = ""',
        "listen = ",
    ],
)
def test_a_file_with_a_mistake_is_refused(config, text):
    with pytest.raises(BadSettings):
        settings.load({"config": config(text)}, {})


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadSettings, match="cannot read"):
        settings.load({"config": tmp_path / "none.toml"}, {})


@pytest.mark.parametrize("listen", ["0.0.0.0:5000", "[::]:5000", "192.0.2.1:5000"])
def test_serving_without_tls_is_refused_off_loopback(listen):
    with pytest.raises(BadSettings, match="without TLS"):
        settings.load({"no_tls": True, "listen": listen}, {})


@pytest.mark.parametrize("listen", ["127.0.0.1:5000", "127.8.8.8:80", "[::1]:5000", "localhost:1"])
def test_serving_without_tls_is_allowed_on_loopback(listen):
    assert not settings.load({"no_tls": True, "listen": listen}, {}).tls


@pytest.mark.parametrize("flags", [{"tls_cert": "c"}, {"tls_key": "k"}])
def test_a_certificate_and_its_key_come_together(flags):
    with pytest.raises(BadSettings, match="without its"):
        settings.load(flags, {})


def test_a_certificate_and_no_tls_contradict_each_other():
    with pytest.raises(BadSettings, match="together"):
        settings.load({"tls_cert": "c", "tls_key": "k", "no_tls": True}, {})


def test_the_state_of_root_and_of_others_lies_where_it_belongs():
    home = {"XDG_STATE_HOME": "/home/a/.state"}

    assert settings.default_state(home, root=True) == Path("/var/lib/wharfinger")
    assert settings.default_state(home, root=False) == Path("/home/a/.state/wharfinger")


def test_a_listener_is_written_as_it_is_read():
    for text in ("127.0.0.1:5000", "[::1]:5000", "0.0.0.0:443"):
        assert str(Listen.parse(text)) == text


def test_the_example_file_names_settings_that_exist(tmp_path, config):
    example = Path(__file__).parents[2] / "packaging" / "wharfinger.toml"
    lines = [line.removeprefix("# ") for line in example.read_text().splitlines()]
    text = "\n".join(line for line in lines if " = " in line and line[0].islower())

    loaded = settings.load({"config": config(text)}, {})

    assert loaded.listen == Listen("127.0.0.1", 5000)
    assert loaded.names == ("registry.example.test",)
