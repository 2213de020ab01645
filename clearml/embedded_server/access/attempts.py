"""How many log-ins may fail before the next ones have to wait."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from embedded_server.errors import ApiError

log = logging.getLogger(__name__)

#: failures at once, of one address or one key, before the next attempt has to wait
MOST_FAILURES = 20
#: after which one failure is forgotten, so that one more attempt is examined
FORGOTTEN_AFTER = 3.0  # seconds
#: addresses, and keys, that are remembered; the one that failed longest ago is forgotten first
MOST_NAMES = 4096


class TooManyAttemptsError(ApiError):
    """An attempt that is not even looked at.

    Args:
        wait: seconds until the next one is.
    """

    def __init__(self, wait: float) -> None:
        self.wait = max(1, math.ceil(wait))
        text = f"Too many failed log-in attempts; try again in {self.wait} seconds"
        super().__init__(429, 0, text, {"retry_after": self.wait})


@dataclass
class _Failures:
    """Of one name: how many are not forgotten yet, as of when."""

    number: float
    moment: float
    #: whether the log says already that the name has to wait
    is_reported: bool = False


class Failures:
    """Failures by name, in memory that is bounded whatever is tried.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_name: OrderedDict[str, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_name)

    def wait(self, name: str) -> float:
        """Seconds until a name may try again; 0 where it may now."""
        found = self._by_name.get(name)
        return max(0.0, (self._left(found) - MOST_FAILURES + 1) * FORGOTTEN_AFTER) if found else 0.0

    def add(self, name: str) -> bool:
        """Counts a failure; whether that is the one after which the name has to wait, told once a series."""
        found = self._by_name.setdefault(name, _Failures(0.0, self._clock()))
        left = self._left(found)
        found.is_reported = found.is_reported and left > 0
        found.number, found.moment = left + 1, self._clock()
        self._by_name.move_to_end(name)
        if len(self._by_name) > MOST_NAMES:
            self._by_name.popitem(last=False)
        is_new = self.wait(name) > 0 and not found.is_reported
        found.is_reported = found.is_reported or is_new
        return is_new

    def _left(self, found: _Failures) -> float:
        return max(0.0, found.number - (self._clock() - found.moment) / FORGOTTEN_AFTER)


class LoginLimits:
    """The limits on log-ins, by address and by key."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._addresses, self._keys = Failures(clock), Failures(clock)

    def check(self, address: str, access_key: str = "") -> None:
        """Refuses an attempt where too many have failed of late.

        Raises:
            TooManyAttemptsError: 429.
        """
        with self._lock:
            wait = self._addresses.wait(network(address))
            if access_key:
                wait = max(wait, self._keys.wait(_digest(access_key)))
        if wait:
            raise TooManyAttemptsError(wait)

    def count(self, address: str, access_key: str = "") -> None:
        """Counts a failed attempt. The log never shows the key: what was typed there may be a secret."""
        with self._lock:
            address_waits = self._addresses.add(network(address))
            key_waits = bool(access_key) and self._keys.add(_digest(access_key))
        if address_waits:
            log.warning("log-in attempts from %s have to wait: %d have failed", network(address), MOST_FAILURES)
        if key_waits:
            log.warning("log-in attempts with one access key have to wait: %d have failed", MOST_FAILURES)


def network(address: str) -> str:
    """What one sender holds: an IPv4 address, the /64 network of an IPv6 address, or all of this machine's own."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "an unknown address"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.is_loopback:
        return "this machine"
    return str(found if found.version == 4 else ipaddress.ip_network((found, 64), strict=False))


def _digest(access_key: str) -> str:
    """A key as a name of bounded length."""
    return hashlib.sha256(access_key.encode("utf-8", "surrogatepass")).hexdigest()
