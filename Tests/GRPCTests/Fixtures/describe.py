"""Prints the file in a descriptor set without JSON names, as libraries of gRPC show it: they follow from the others."""

import sys

from google.protobuf import descriptor_pb2


def strip(message):
    for field in message.field:
        field.ClearField("json_name")
    for nested in message.nested_type:
        strip(nested)


with open(sys.argv[1], "rb") as file:
    (described,) = descriptor_pb2.FileDescriptorSet.FromString(file.read()).file
for message in described.message_type:
    strip(message)
sys.stdout.buffer.write(described.SerializeToString(deterministic=True))
