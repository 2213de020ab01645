"""The limits on log-ins, by a clock that the test moves."""

from __future__ import annotations

import logging

import pytest

from embedded_server.access.attempts import (
    FORGOTTEN_AFTER,
    MOST_FAILURES,
    MOST_NAMES,
    Failures,
    LoginLimits,
    TooManyAttemptsError,
    network,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> LoginLimits:
    return LoginLimits(clock)


def fail(limits: LoginLimits, times: int, address: str, access_key: str = "KEY") -> None:
    for _ in range(times):
        limits.check(address, access_key)
        limits.count(address, access_key)


def test_an_address_has_to_wait_whatever_key_it_tries(limits: LoginLimits) -> None:
    for number in range(MOST_FAILURES):
        fail(limits, 1, "192.0.2.1", f"KEY{number}")
    with pytest.raises(TooManyAttemptsError) as refused:
        limits.check("192.0.2.1", "ANOTHER")
    assert refused.value.code == 429
    assert refused.value.data == {"retry_after": 3}
    limits.check("192.0.2.2", "ANOTHER")


def test_a_key_has_to_wait_from_whatever_address_it_is_tried(limits: LoginLimits) -> None:
    for number in range(MOST_FAILURES):
        fail(limits, 1, f"192.0.2.{number}")
    with pytest.raises(TooManyAttemptsError):
        limits.check("198.51.100.1", "KEY")
    limits.check("198.51.100.1", "OTHER")


def test_one_more_attempt_is_examined_each_time_a_failure_is_forgotten(limits: LoginLimits, clock: Clock) -> None:
    fail(limits, MOST_FAILURES, "192.0.2.1")
    for _ in range(3):
        clock.now += FORGOTTEN_AFTER - 0.125
        with pytest.raises(TooManyAttemptsError):
            limits.check("192.0.2.1")
        clock.now += 0.125
        fail(limits, 1, "192.0.2.1")


def test_who_waits_long_enough_starts_anew(limits: LoginLimits, clock: Clock) -> None:
    fail(limits, MOST_FAILURES, "192.0.2.1")
    clock.now += MOST_FAILURES * FORGOTTEN_AFTER
    fail(limits, MOST_FAILURES, "192.0.2.1")


def test_an_attempt_that_has_to_wait_does_not_prolong_the_wait(limits: LoginLimits, clock: Clock) -> None:
    fail(limits, MOST_FAILURES, "192.0.2.1")
    for _ in range(1000):
        with pytest.raises(TooManyAttemptsError):
            limits.check("192.0.2.1")
    clock.now += FORGOTTEN_AFTER
    limits.check("192.0.2.1")


def test_memory_is_bounded_whatever_is_tried(clock: Clock) -> None:
    failures = Failures(clock)
    for _ in range(MOST_FAILURES):
        failures.add("steady")
    for number in range(MOST_NAMES * 2):
        failures.add(f"name {number}")
        if not number % 1000:
            failures.add("steady")
    assert len(failures) == MOST_NAMES
    assert failures.wait("steady") > 0  # who goes on is not forgotten


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("127.0.0.1", "::1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "not an address", True),
    ],
)
def test_what_one_sender_holds_counts_as_one(one: str, other: str, is_same: bool) -> None:
    assert (network(one) == network(other)) is is_same


def test_the_log_tells_it_once_and_never_shows_a_key(
    limits: LoginLimits, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            fail(limits, MOST_FAILURES, "192.0.2.1", "a secret in the wrong field")
            clock.now += FORGOTTEN_AFTER
            fail(limits, 1, "192.0.2.1", "a secret in the wrong field")
            clock.now += 10_000
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if "192.0.2.1" in line]) == 3
    assert len([line for line in lines if "one access key" in line]) == 3
    assert "wrong field" not in caplog.text
