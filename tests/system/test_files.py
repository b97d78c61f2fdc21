from contextlib import suppress

from wharfinger.system import files


def test_a_written_file_is_private_from_its_first_moment_on(tmp_path):
    path = tmp_path / "secret"

    files.write(path, b"s")

    assert path.read_bytes() == b"s"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "file"
    path.mkdir()  # a directory cannot be replaced by a file

    with suppress(OSError):
        files.write(path, b"new")

    assert path.is_dir()
    assert list(tmp_path.iterdir()) == [path]


def test_an_open_directory_is_closed_to_others(tmp_path):
    path = tmp_path / "state"
    path.mkdir(mode=0o755)

    files.make_private(path)

    assert path.stat().st_mode & 0o777 == 0o700


def test_leftovers_of_a_killed_write_are_swept_and_nothing_else(tmp_path):
    (tmp_path / ".ca.key.x7d2").write_bytes(b"half")
    (tmp_path / ".other.x7d2").write_bytes(b"not ours")

    files.sweep(tmp_path, "ca.key")

    assert [path.name for path in tmp_path.iterdir()] == [".other.x7d2"]
