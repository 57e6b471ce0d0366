"""Reads a .caffemodel without Digits: what is needed of protobuf's wire format, and no more."""
import struct


def fields(data):
    """(number, value) of a message: bytes for what has a length, else a number."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        elif kind == 2:
            size = varint()
            value = data[at:at + size]
            at += size
        else:
            size = 4 if kind == 5 else 8
            value = data[at:at + size]
            at += size
        yield key >> 3, value


def read_weights(data):
    """{layer: [values of each blob]}"""
    LAYER, NAME, BLOBS, DATA = 100, 1, 7, 5
    layers = {}
    for number, layer in fields(data):
        if number != LAYER:
            continue
        name, blobs = "", []
        for part, value in fields(layer):
            if part == NAME:
                name = value.decode()
            elif part == BLOBS:
                values = b"".join(v for n, v in fields(value) if n == DATA)
                blobs.append(struct.unpack(f"<{len(values) // 4}f", values))
        if blobs:
            layers[name] = blobs
    return layers
