"""The smallest writer of Matroska's elements."""


def element(name, body):
    """Its id as it is written in the standard, its length in eight bytes, its body."""
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + (0x01 << 56 | len(body)).to_bytes(8, "big") + body


def uint(name, number):
    return element(name, number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big"))
