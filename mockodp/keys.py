"""
Which account a key opens, and which keys are refused before anything is stored. Knows nothing of HTTP.

In ODP a key belongs to one account and sees no other's data; the key is also the only thing Segment's destination
lets a user set besides the region. So every test key opens an account of its own here:

* ``odp_test_checkout`` opens the account ``checkout`` in every region,
* ``odp_test_checkout-eu1`` opens ``checkout-eu1`` and is bound to EU (suffixes as in ODP's node SDK; ``-us1`` is ours).

Keys are never printed, logged, stored or exported: account names are.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mockodp.errors import ForeignKey, SettingsError, Unauthorized, WrongRegion
from mockodp.regions import Region

ACCOUNT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")
ACCOUNT_NAME_RULE: Final = "1 to 80 letters, digits, dots, dashes and underscores, the first a letter or digit"
_MOST_KNOWN: Final = 10_000
_SUFFIXES: Final = {"-us1": Region.US, "-eu1": Region.EU, "-au1": Region.AU}


@dataclass(frozen=True, slots=True)
class Account:
    """What a key opens: the account's name and the region the key is bound to, if any."""

    name: str
    bound_to: Region | None = None

    def enter(self, region: Region) -> str:
        """The account's name, or `WrongRegion`."""
        if self.bound_to is not None and self.bound_to is not region:
            raise WrongRegion(
                f"The key of account {self.name!r} is bound to region {self.bound_to.value!r} and was used in "
                f"{region.value!r}. Data would have crossed regions: check the region setting of the destination."
            )
        return self.name


@dataclass(frozen=True, slots=True)
class Keyring:
    """
    All keys that open something: any key with *prefix*, and the *admitted* ones.

    *admitted* maps a key to its account. The salt of fingerprints is drawn anew for each process.
    """

    prefix: str = "odp_test_"
    admitted: Mapping[str, Account] = field(default_factory=dict, repr=False)
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
    _known: dict[str, Account] = field(default_factory=dict, repr=False)

    def account(self, authorization: str) -> Account:
        """The account that the value of an Authorization header opens; `Unauthorized` or `ForeignKey` if none."""
        known = self._known.get(authorization)
        if known is None:
            known = self._open(authorization)
            if len(self._known) < _MOST_KNOWN:
                self._known[authorization] = known
        return known

    def _open(self, authorization: str) -> Account:
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise Unauthorized("Header 'authorization' is not of the form 'Bearer KEY'.")
        if key in self.admitted:
            return self.admitted[key]
        if not key.startswith(self.prefix):
            raise ForeignKey(
                f"The key {self.fingerprint(key)} does not begin with the test prefix {self.prefix!r}. It may be a "
                "real one, so nothing of this request was stored. Use a test key, or admit this one with --key."
            )
        name = key.removeprefix(self.prefix)
        if not ACCOUNT_NAME.match(name):
            raise Unauthorized(f"What follows {self.prefix!r} in the key must be {ACCOUNT_NAME_RULE}.")
        return Account(name, _binding(name))

    def key_for(self, name: str) -> str:
        """The test key that opens the account *name*."""
        return self.prefix + name

    def account_of_key(self, text: str) -> str | None:
        """The account that *text* opens, if it is a key that somebody took for the name of one."""
        if text in self.admitted:
            name = self.admitted[text].name
        elif self.prefix and text.startswith(self.prefix):
            name = text.removeprefix(self.prefix)
        else:
            return None
        return name if name != text and ACCOUNT_NAME.match(name) else None

    def fingerprint(self, key: str) -> str:
        """A short salted digest: tells two keys apart within one run and says nothing else."""
        return "#" + hashlib.blake2b(key.encode("utf-8", "replace"), key=self.salt, digest_size=4).hexdigest()


def admit(entries: tuple[str, ...], env: Mapping[str, str]) -> dict[str, Account]:
    """
    Further keys by name, from entries of the form ``NAME`` or ``NAME:region``.

    The key is the value of ``MOCKODP_KEY_NAME`` where the environment has one, else NAME itself; the account is NAME.
    """
    admitted: dict[str, Account] = {}
    for entry in entries:
        name, colon, region = entry.partition(":")
        if not ACCOUNT_NAME.match(name):
            raise SettingsError(f"--key {entry!r}: the name must be {ACCOUNT_NAME_RULE}.")
        if colon and region.lower() not in set(Region):
            raise SettingsError(f"--key {entry!r}: {region!r} is not a region. Known: us, eu, au.")
        key = env.get(key_variable(name)) or name
        if key in admitted:
            raise SettingsError(f"--key {entry!r}: its key is already that of account {admitted[key].name!r}.")
        admitted[key] = Account(name, Region(region.lower()) if colon else None)
    return admitted


def key_variable(name: str) -> str:
    """The environment variable that may hold the key of the account *name*."""
    return "MOCKODP_KEY_" + re.sub(r"\W", "_", name).upper()


def _binding(name: str) -> Region | None:
    return next((region for suffix, region in _SUFFIXES.items() if name.endswith(suffix)), None)
