"""Passwords under attack: guessing, floods, unknown users (faults.md 40, 41)."""

import asyncio

import pytest

from wharfinger.cluster.passwords import (
    GUESSES,
    MOST_WAITING,
    WINDOW,
    Passwords,
    TooBusy,
    TooManyGuesses,
)
from wharfinger.cluster.proofs import NotProven, PasswordProof
from wharfinger.errors import TooManyRequests


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Line:
    """An entry that counts how often it was hashed against."""

    def __init__(self, password, counts):
        self.hash = f"hash of {password}"
        self.fingerprint = f"fingerprint of {password}"
        self._password = password
        self._counts = counts

    def matches(self, password):
        self._counts.append(password)
        return password == self._password


class File:
    def __init__(self):
        self.hashed = []
        self.lines = {"ada": Line("secret", self.hashed)}

    def entries(self):
        return self.lines


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def file():
    return File()


@pytest.fixture
def passwords(file, clock):
    return Passwords(file, clock=clock)


async def test_the_right_password_proves_the_user_by_the_present_line(passwords, file):
    proof = await passwords.check("ada", "secret", "192.0.2.1")

    assert proof == PasswordProof("ada", "fingerprint of secret")
    assert passwords.holds(proof)
    file.lines["ada"] = Line("other", file.hashed)
    assert not passwords.holds(proof)
    del file.lines["ada"]
    assert not passwords.holds(proof)


@pytest.mark.parametrize("password", ["", "wrong", "x" * 5000])
async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(passwords, password):
    with pytest.raises(NotProven) as wrong:
        await passwords.check("ada", password)
    with pytest.raises(NotProven) as unknown:
        await passwords.check("nobody", password)

    assert str(wrong.value) == str(unknown.value)


async def test_an_unknown_user_costs_a_hash_and_never_gets_in(passwords, file):
    with pytest.raises(NotProven):
        await passwords.check("nobody", "secret")
    with pytest.raises(NotProven):
        await passwords.check("nobody", "secret")

    assert file.hashed == ["secret", "secret"]


async def test_a_right_password_is_remembered_for_a_minute(passwords, file, clock):
    for _ in range(5):
        await passwords.check("ada", "secret")
    assert len(file.hashed) == 1

    clock.now += 61
    await passwords.check("ada", "secret")
    assert len(file.hashed) == 2


async def test_a_changed_line_forgets_what_was_remembered(passwords, file):
    await passwords.check("ada", "secret")
    file.lines["ada"] = Line("other", file.hashed)

    with pytest.raises(NotProven):
        await passwords.check("ada", "secret")


async def test_guesses_are_refused_without_hashing_once_there_were_too_many(passwords, file, clock):
    for number in range(GUESSES):
        with pytest.raises(NotProven):
            await passwords.check("ada", f"guess {number}", "192.0.2.1")
    with pytest.raises(TooManyGuesses) as refused:
        await passwords.check("ada", "secret", "192.0.2.1")

    assert isinstance(refused.value, TooManyRequests)
    assert 0 < refused.value.retry_after <= WINDOW + 1
    assert len(file.hashed) == GUESSES
    assert await passwords.check("ada", "secret", "192.0.2.2")
    clock.now += WINDOW
    assert await passwords.check("ada", "secret", "192.0.2.1")


async def test_the_right_password_clears_the_count(passwords, clock):
    for _ in range(3):
        for number in range(GUESSES - 1):
            with pytest.raises(NotProven):
                await passwords.check("ada", f"guess {number}")
        clock.now += 61  # so that the right one is not merely remembered
        await passwords.check("ada", "secret")


async def test_logins_at_the_same_time_share_one_hash(passwords, file):
    proofs = await asyncio.gather(*(passwords.check("ada", "secret") for _ in range(30)))

    assert len(set(proofs)) == 1
    assert len(file.hashed) == 1


async def test_a_flood_is_refused_once_the_queue_is_long(passwords, file):
    attempts = [passwords.check(f"user{n}", "x", f"192.0.2.{n}") for n in range(MOST_WAITING + 20)]
    results = await asyncio.gather(*attempts, return_exceptions=True)

    assert sum(isinstance(result, TooBusy) for result in results) == 20
    assert len(file.hashed) == MOST_WAITING


async def test_without_a_password_file_nobody_gets_in(clock):
    with pytest.raises(NotProven):
        await Passwords(clock=clock).check("admin", "admin")
