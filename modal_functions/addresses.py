"""Which addresses of the network are the world's, and not what stands around this machine. Standard library only."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What `is_global` takes for the world, though it leads elsewhere: NAT64 and 6to4 carry any IPv4 address in them.
LEADING_ELSEWHERE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4"),
        *("64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16", "::/96", "::ffff:0:0/96", "fec0::/10"),
    )
)


def is_of_the_world(address: Address) -> bool:
    if any(address in network for network in LEADING_ELSEWHERE if network.version == address.version):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )
