"""Where a sender may connect to: public addresses, unless the channel's settings allow private ones.

The name is resolved once, every address it has is looked at, and the connection goes to the address that was looked at:
a name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = frozenset({ipaddress.IPv4Address("168.63.129.16")})
"""A public address behind which a cloud's own service answers its machines."""
Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(OSError):
    """The name leads to an address that the channel may not reach."""


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet, and so does the IPv4 address that it may carry inside."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return all(one.is_global and not one.is_multicast and one not in _METADATA for one in (address, *_carried(address)))


def is_allowed(text: str, networks: Networks) -> bool:
    """Whether an address is public, or lies in one of the networks that the settings allow."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return is_public(text) or any(address in network for network in networks if network.version == address.version)


def _carried(address: _Address) -> Sequence[ipaddress.IPv4Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in inside if one is not None]


def resolve(host: str, port: int, *, private: bool, networks: Networks = ()) -> Sequence[str]:
    """The addresses of a host, all of them allowed; with ``private`` those that are not public too, else ``networks``.

    Raises:
        NotAllowed: if one of them is not allowed.
        OSError: if the name is not known.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} is no host name") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private:
        for address in addresses:
            if not is_allowed(address, networks):
                raise NotAllowed(f"{host} leads to {address}, which is not public")
    return addresses


def connect(host: str, port: int, *, private: bool, timeout_s: float, networks: Networks = ()) -> socket.socket:
    """A connection to the first address that answers.

    Raises:
        OSError: if none does, or one is not allowed.
    """
    failure: OSError = OSError(f"{host} has no address")
    for address in resolve(host, port, private=private, networks=networks):
        try:
            return socket.create_connection((address, port), timeout=timeout_s)
        except OSError as error:
            failure = error
    raise failure
