"""What Python's protobuf makes of messages, as rows that the tests read: the type, the message in hexadecimal digits, and
what `SerializeToString(deterministic=True)` gives of it without unknown fields, or `-` if it does not parse.

    generate.py SEED COUNT > codec.tsv

An entry of a map that has a field which nobody knows is put among the unknown fields by Python's implementation in C, against
its other one and those in C++ and Java: such messages are left out.
"""

import os
import random
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.internal import api_implementation
from google.protobuf.unknown_fields import UnknownFieldSet

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "Sources", "CDescriptors", "descriptors")
TYPES = [
    "inference.ModelInferRequest",
    "inference.ModelInferRequest",
    "inference.ModelInferRequest",
    "inference.ModelReadyRequest",
    "inference.RepositoryModelLoadRequest",
    "inference.RepositoryIndexRequest",
    "inference.ServerLiveRequest",
    "grpc.health.v1.HealthCheckRequest",
    "grpc.reflection.v1.ServerReflectionRequest",
]


def message_types():
    pool = descriptor_pool.DescriptorPool()
    for name in sorted(os.listdir(ROOT)):
        with open(os.path.join(ROOT, name), "rb") as file:
            pool.Add(descriptor_pb2.FileDescriptorProto.FromString(file.read()))
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in set(TYPES)}


def loses_an_entry(message):
    """Whether an entry of a map stands among the unknown fields, here or further in."""
    maps = {field.number for field in message.DESCRIPTOR.fields if is_map(field)}
    if any(field.field_number in maps and field.wire_type == 2 for field in UnknownFieldSet(message)):
        return True
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        inner = value.values() if is_map(field) else value if hasattr(value, "__len__") else [value]
        if any(loses_an_entry(each) for each in inner):
            return True
    return False


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def canonical(message_class, octets):
    """What Python makes of a message: octets, or - if it does not parse; None if the case is left out."""
    message = message_class()
    try:
        message.ParseFromString(octets)
    except Exception:
        return "-"
    if loses_an_entry(message):
        return None
    message.DiscardUnknownFields()
    for tensor in getattr(message, "inputs", []):
        # No module takes strings: they are passed over.
        if tensor.HasField("contents"):
            del tensor.contents.bytes_contents[:]
    return message.SerializeToString(deterministic=True).hex()


class Generator:
    """Messages as no serializer writes them: fields in any order, again, unpacked, in long varints, among unknown ones."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def varint(self, value, most=10):
        octets = []
        while True:
            octets.append(value & 0x7F)
            value >>= 7
            if not value:
                break
        if self.random.random() < 0.05:
            octets += [0] * self.random.randint(1, most)
            if self.random.random() < 0.8:
                octets = octets[:most]
        return bytes([octet | 0x80 for octet in octets[:-1]] + [octets[-1]])

    def tag(self, number, wire_type):
        return self.varint(number << 3 | wire_type, 5)

    def delimited(self, number, octets):
        return self.tag(number, 2) + self.varint(len(octets), 5) + octets

    def integer(self):
        bits = self.random.choice([0, 1, 3, 7, 8, 15, 16, 31, 32, 33, 62, 63, 64])
        value = self.random.getrandbits(64) >> (64 - bits) if bits else 0
        return (1 << 64) - 1 - value if self.random.random() < 0.3 else value

    def text(self):
        pick = self.random.random()
        if pick < 0.02:
            return self.random.randbytes(self.random.randint(1, 6))
        if pick < 0.1:
            return self.random.choice([b"", "é€😀".encode(), "e\u0301".encode(), "é".encode(), b"\0", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"])
        return bytes(self.random.choice(b"abcxyz_0/") for _ in range(self.random.randint(0, 5)))

    def scalar(self, field):
        """The wire type and octets of a value."""
        kind = field.type
        if kind == FieldDescriptor.TYPE_FLOAT:
            return 5, self.random.choice([self.random.randbytes(4), b"\0\0\x80\x3f", b"\0\0\xc0\x7f", b"\0\0\0\x80"])
        if kind == FieldDescriptor.TYPE_DOUBLE:
            return 1, self.random.randbytes(8)
        if kind == FieldDescriptor.TYPE_STRING:
            text = self.text()
            return 2, self.varint(len(text), 5) + text
        if kind == FieldDescriptor.TYPE_BYTES:
            octets = self.random.randbytes(self.random.randint(0, 12))
            return 2, self.varint(len(octets), 5) + octets
        return 0, self.varint(self.random.randint(0, 1) if kind == FieldDescriptor.TYPE_BOOL else self.integer())

    def unknown(self, depth=0):
        number = self.random.choice([9, 15, 16, 100, 1 << 20, (1 << 29) - 1])
        wire_type = self.random.choice([0, 1, 2, 3, 5])
        if wire_type == 3:
            inner = b"".join(self.unknown(depth + 1) for _ in range(self.random.randint(0, 2))) if depth < 4 else b""
            if self.random.random() < 0.03:
                nested = self.random.choice([96, 97, 98, 99, 100])
                inner += self.tag(number, 3) * nested + self.tag(number, 4) * nested
            return self.tag(number, 3) + inner + self.tag(number, 4)
        if wire_type == 2:
            return self.delimited(number, self.random.randbytes(self.random.randint(0, 6)))
        return self.tag(number, wire_type) + (
            self.varint(self.integer()) if wire_type == 0 else self.random.randbytes(8 if wire_type == 1 else 4)
        )

    def field(self, field):
        if field.message_type is not None:
            return self.delimited(field.number, self.message(field.message_type))
        repeated = getattr(field, "is_repeated", None)
        repeated = field.label == FieldDescriptor.LABEL_REPEATED if repeated is None else repeated
        packable = repeated and field.type not in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
        if packable and self.random.random() < 0.7:
            values = b"".join(self.scalar(field)[1] for _ in range(self.random.randint(0, 6)))
            return self.delimited(field.number, values)
        if self.random.random() < 0.03:
            # A known number with another wire type.
            return self.tag(field.number, 0) + self.varint(self.integer())
        wire_type, octets = self.scalar(field)
        return self.tag(field.number, wire_type) + octets

    def message(self, descriptor):
        fields = list(descriptor.fields)
        parts = [self.field(self.random.choice(fields)) for _ in range(self.random.randint(0, 6))] if fields else []
        if self.random.random() < (0.005 if descriptor.GetOptions().map_entry else 0.08):
            parts.insert(self.random.randint(0, len(parts)), self.unknown())
        return b"".join(parts)

    def mutated(self, octets):
        octets = bytearray(octets)
        pick = self.random.random()
        if pick < 0.55:
            return bytes(octets)
        if pick < 0.75:
            return bytes(octets[: self.random.randint(0, len(octets))])
        for _ in range(self.random.randint(1, 3)):
            place = self.random.randint(0, len(octets))
            if self.random.random() < 0.5 and place < len(octets):
                octets[place] ^= 1 << self.random.randint(0, 7)
            elif self.random.random() < 0.5:
                octets.insert(place, self.random.randint(0, 255))
            else:
                del octets[place : place + 1]
        return bytes(octets)


def edges(generator):
    """Cases that chance rarely finds, each of them seen to differ somewhere."""
    infer, live, health = TYPES[0], "inference.ServerLiveRequest", "grpc.health.v1.HealthCheckRequest"
    rows = []
    for octets in [
        "8a80808000 0161", "8a8080808000 0161", "8a80808010 0161", "faffffff0f 0161", "02 0161", "0e", "0f", "0c", "0b0c", "0b14",
        "0a8180808080 0061", "0a81808080 0061", "0affffffff0f", "0affffffff07", "0a01ff", "0a0261", "0801", "2200", "22030a0161",
        "220412020801", "22070a0161120208 01 22070a016112021005", "220b120208010a016112021005", "22030a01ff",
        "2a032a010a", "2a052a0308ff01", "2a0d2a0b 18ffffffffffffffffff7f", "2a0e2a0c18ffffffffffffffffffff01",
        "2a052a03120180", "2a072a053203000000", "2a0f2a0d 32040000803f 35 00000040", "2a042a02 3001", "2a00",
        "2a062a020801 2a042a021005", "2a042a020801 2a042a021005", "2a082a0208012a021005", "32021200", "320612040a001200", "3a00 3a0101",
    ]:
        rows.append((infer, bytes.fromhex(octets.replace(" ", ""))))
    for count in (98, 99, 100, 101):
        groups = b"\x53" * count + b"\x54" * count
        rows.append((live, groups))
        rows.append((infer, generator.delimited(5, generator.delimited(5, groups))))
        rows.append((infer, generator.delimited(4, generator.delimited(1, b"a") + generator.delimited(2, groups))))
    rows.append((health, b"\x0a\x00"))
    return rows


def main():
    classes = message_types()
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    assert api_implementation.Type() == "upb", api_implementation.Type()
    generator = Generator(seed)
    rows = edges(generator)
    while len(rows) < count:
        name = generator.random.choice(TYPES)
        rows.append((name, generator.mutated(generator.message(classes[name].DESCRIPTOR))))
    left_out = refused = 0
    for name, octets in rows:
        made = canonical(classes[name], octets)
        left_out += made is None
        refused += made == "-"
        if made is not None:
            print(name, octets.hex(), made, sep="\t")
    print(f"{len(rows)} messages, {refused} refused, {left_out} left out", file=sys.stderr)


main()
