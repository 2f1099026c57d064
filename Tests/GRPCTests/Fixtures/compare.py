"""Compares our open_inference.proto with what tritonclient has: each field and method that both know is the same."""

import os
import sys

from google.protobuf import descriptor_pb2
from tritonclient.grpc import model_config_pb2, service_pb2

OURS = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "Sources", "CDescriptors", "descriptors", "open_inference.binpb"
)
# kserve's field, which Triton does not have.
ONLY_OURS = {".inference.ModelMetadataResponse.properties", ".inference.ModelMetadataResponse.PropertiesEntry"}


def facts(files):
    """Everything that a file says, by its full name."""
    found = {}

    def message(prefix, described):
        name = f"{prefix}.{described.name}"
        found[name] = ("message", described.options.map_entry)
        for field in described.field:
            group = described.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
            found[f"{name}.{field.name}"] = (field.number, field.type, field.label, field.type_name, group)
        for nested in described.nested_type:
            message(name, nested)
        for enum in described.enum_type:
            values(name, enum)

    def values(prefix, enum):
        found[f"{prefix}.{enum.name}"] = "enum"
        for value in enum.value:
            found[f"{prefix}.{value.name}"] = value.number

    for file in files:
        prefix = f".{file.package}"
        for described in file.message_type:
            message(prefix, described)
        for enum in file.enum_type:
            values(prefix, enum)
        for service in file.service:
            for method in service.method:
                found[f"{prefix}.{service.name}.{method.name}"] = (
                    method.input_type,
                    method.output_type,
                    method.client_streaming,
                    method.server_streaming,
                )
    return found


def copied(module):
    file = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    return file


with open(OURS, "rb") as file:
    ours = facts([descriptor_pb2.FileDescriptorProto.FromString(file.read())])
theirs = facts([copied(model_config_pb2), copied(service_pb2)])
wrong = [f"{name}: {fact}, tritonclient's is {theirs.get(name)}" for name, fact in ours.items() if theirs.get(name) != fact]
wrong = [line for line in wrong if line.split(":")[0] not in ONLY_OURS and "PropertiesEntry." not in line]
print("\n".join(wrong) or f"{len(ours)} names are tritonclient's", file=sys.stderr)
sys.exit(bool(wrong))
