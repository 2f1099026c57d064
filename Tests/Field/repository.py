"""F. The repository."""

import json
import os
import re
import sys

from support import REPOSITORY, command, entry, equal, expect, folder, free_port, holds, program, server

SUMMARY_LOG = """◇ Test run started.
◇ Test good() started.
✔ Test good() passed after 0.001 seconds.
◇ Test bad(input:) started.
✘ Test bad(input:) recorded an issue with 1 argument input → 3 at SomeTests.swift:12:9: Expectation failed: 1 == 2
✘ Test bad(input:) with 2 test cases failed after 0.002 seconds with 1 issue.
✘ Test run with 2 tests in 1 suite failed after 0.1 seconds with 1 issue.
"""


@entry("F1", "script/test says what failed, and what is missing")
def scripts():
    with folder() as place:
        (place / "log").write_text(SUMMARY_LOG)
        done = command("sh", REPOSITORY / "script/summary", place / "log")
        expect(done.status == 1, "status 0")
        holds(done.out.split("Failed:")[1], "bad(input:)", "SomeTests.swift:12")
        # A PATH with what every system has, and no more.
        for name in ("sh", "dirname", "env", "cat", "grep", "id", "sed"):
            os.symlink(program(name), place / name)
        bare = {**os.environ, "PATH": str(place)}
        for script in ("build", "bootstrap", "server"):
            command(program("sh"), REPOSITORY / "script" / script, env=bare, timeout=20).must_fail("Swift 6", "https://www.swift.org/install")
        (place / "swift").write_text("#!/bin/sh\nexit 0\n")
        os.chmod(place / "swift", 0o755)
        done = command(program("sh"), REPOSITORY / "script/bootstrap", "some-package", env=bare, timeout=20).must_fail("some-package", "apt-get")
    text = (REPOSITORY / "script/test").read_text()
    holds(text, "script/bootstrap curl jq openssl python3", "script/summary")
    return "the last lines name the test, its file and line, status 1; no Swift: version and address; no apt-get: the packages that are missing"


@entry("F2", "a clone is reproducible")
def versions():
    text = (REPOSITORY / "Package.swift").read_text()
    packages = re.findall(r"\.package\(\s*url: [^)]*\)", text)
    expect(packages and all("exact:" in package for package in packages), f"{packages}")
    holds((REPOSITORY / ".github/CONTRIBUTING.md").read_text().lower(), "package.swift", "exact")
    return f"{len(packages)} packages, each exact; CONTRIBUTING says how to raise one"


@entry("F3", "README")
def readme():
    text = (REPOSITORY / "README.md").read_text()
    holds(text, "Linux", "Swift 6.2", "https://www.swift.org/install", "minutes", "apt-get install curl jq", "gone\nafter a restart")
    expect('from: "0.1.0"' not in text and (REPOSITORY / "CHANGELOG.md").exists(), "from: of a tag that is not there")
    own = (REPOSITORY / "docs/guide.md").read_text()
    holds(text, "docs/guide.md", "docs/layers.md")
    holds(own, "state_dict", "`NAME.json`", "NAME.safetensors")
    layers = (REPOSITORY / "docs/layers.md").read_text()
    expect(all(f"`{name}`" in layers or f"| {name}" in layers or name in layers for name in ("Linear", "Conv2d", "TransformerEncoder", "GraphModule")), "docs/layers.md")
    return f"system, Swift, where to get it, build time, curl and jq, what a restart loses; a page for own classes, {layers.count(chr(10))} lines of layers"


@entry("F4", "deploy/")
def deployment():
    place = REPOSITORY / "deploy"
    kubernetes = (place / "kubernetes.yaml").read_text()
    holds(kubernetes, "imagePullPolicy: IfNotPresent")
    expect(re.search(r"initContainers|configMap|persistentVolumeClaim", kubernetes), "models from an emptyDir")
    compose = (place / "compose.yaml").read_text()
    for mounted in re.findall(r"-\s+(\./[^:\s]+):", compose):
        expect((place / mounted).exists(), f"compose mounts {mounted}, which is not there")
    said = []
    if os.path.exists("/usr/sbin/nginx"):
        with folder() as temporary:
            text = (place / "nginx.conf").read_text().replace("/etc/nginx/callpath-key.conf", str(temporary / "key.conf")).replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
            (temporary / "key.conf").write_text("")
            (temporary / "nginx.conf").write_text(f"pid {temporary}/pid;\n" + text)
            command("/usr/sbin/nginx", "-t", "-c", temporary / "nginx.conf").must_pass()
            said.append("nginx -t takes nginx.conf")
    with folder() as temporary:
        units = (place / "callpath.service").read_text()
        holds(units, "ExecStart=", "[Service]", "[Install]")
        if os.path.exists("/usr/bin/systemd-analyze"):
            (temporary / "callpath.service").write_text(re.sub(r"ExecStart=\S+", f"ExecStart={os.environ['CALLPATH_BINARY']}", units))
            done = command("systemd-analyze", "verify", temporary / "callpath.service")
            expect("Unknown" not in done.said and "Failed to parse" not in done.said, done.said[:400])
            said.append("systemd-analyze takes callpath.service")
    with server("--models", place / "models") as one:
        names = [module["name"] for module in one.ask("GET", "/v1/modules").json["modules"]]
        expect(names, "deploy/models holds none")
    return "; ".join(said + [f"deploy/models serves {', '.join(names)}", "IfNotPresent, models from something that holds some"])


@entry("F5", "openapi.yaml and generators")
def generators():
    with server() as one:
        contract = one.ask("GET", "/openapi.json").must(200).json
    schemas = contract["components"]["schemas"]

    def references(value):
        if isinstance(value, dict):
            if "$ref" in value and value["$ref"].startswith("#/components/schemas/"):
                yield value["$ref"].rsplit("/", 1)[1]
            for key, part in value.items():
                if key not in ("example", "examples", "default"):
                    yield from references(part)
        elif isinstance(value, list):
            for part in value:
                yield from references(part)

    def reaches(name, seen):
        for other in references(schemas[name]):
            if other not in seen:
                seen.add(other)
                reaches(other, seen)
        return seen

    # What the generator drops: a schema that is itself among its items, or one of its alternatives.
    recursive = [name for name, schema in schemas.items() if "properties" not in schema and name in references({key: schema.get(key) for key in ("items", "oneOf", "anyOf")})]
    equal(recursive, [], "schemas that refer to themselves")
    operations = [operation["operationId"] for item in contract["paths"].values() for operation in item.values() if isinstance(operation, dict) and "operationId" in operation]
    said = f"{len(operations)} operations, no schema refers to itself"
    for python in (os.environ.get("FIELD_GENERATOR"), sys.executable):
        if not python or command(python, "-c", "import openapi_python_client").status:
            continue
        with folder() as place:
            (place / "openapi.json").write_text(json.dumps(contract))
            done = command(python, "-m", "openapi_python_client", "generate", "--path", place / "openapi.json", "--output-path", place / "client",
                           timeout=300).must_pass()
            functions = {path.stem for path in (place / "client").rglob("api/*/*.py")}
            snake = lambda name: re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
            lost = [name for name in operations if snake(name) not in functions]
            equal(lost, [], "operations without a function")
            expect("recursive" not in done.said.lower(), done.said[:300])
            return f"{said}; openapi-python-client makes a function of each"
    return f"{said}; script/clients runs openapi-python-client (FIELD_GENERATOR names a Python that has it)"
