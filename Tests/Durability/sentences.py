"""What docs/durability.md says of answers, sentence by sentence."""

import http.client
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

from backups import restore
from model import Client
from report import expect, row
from server import Server

LAYER = {"type": "Linear", "in_features": 2, "out_features": 2}
WIDE = {"type": "Linear", "in_features": 160, "out_features": 160, "bias": False, "seed": 1}


def put(client, name, body, expected=(200, 201)):
    status, fields, content = client.send("PUT", f"/v1/modules/{name}", body)
    expect(status in expected, f"PUT {name}: {status} {content[:200]}")
    return fields


def ask(client, method, path, body=None, **fields):
    """Returns status, fields and content of a request with fields of its own."""
    connection = client.connection
    content = None if body is None else json.dumps(body)
    kind = {} if body is None else {"Content-Type": "application/json"}
    connection.request(method, path, content, kind | {name.replace("_", "-"): value for name, value in fields.items()})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


@row
def entity_tags(scene):
    """an ETag fits after a restart of a kept registry and never in another one; each change has its Callpath-Revision"""
    folder = scene.folder() + "/data"
    with Server(scene.binary, "--data", folder) as server:
        client = Client(server.port)
        tag, revision = (put(client, "fc", LAYER)[name] for name in ("ETag", "Callpath-Revision"))
        name, count = revision.split(".")
        instance = client.get("/v1/store")[1]["instance"]
        expect(tag == f'"1-{name}"' and instance.startswith(name) and len(instance) == 32, f"{tag} {revision} {instance}")
        hook = {"kind": "forward", "action": {"type": "scale", "value": 2}}
        number = json.loads(ask(client, "POST", "/v1/modules/fc/hooks", hook)[2])["id"]
        changes = [
            ("PUT", "/v1/modules/fc/bias", [1, 2]), ("PUT", "/v1/modules/fc/state_dict?strict=false", {"bias": [2, 3]}),
            ("DELETE", f"/v1/modules/fc/hooks/{number}", None), ("POST", "/v1/hooks", hook), ("DELETE", "/v1/hooks/1", None),
            ("PUT", "/v1/modules/gone", LAYER), ("DELETE", "/v1/modules/gone", None),
        ]
        count = int(count) + 1
        for method, path, body in changes:
            status, fields, content = ask(client, method, path, body)
            expect(status < 300, f"{method} {path}: {status} {content[:200]}")
            count += 1
            expect(fields["Callpath-Revision"] == f"{name}.{count}", f"{method} {path}: {fields['Callpath-Revision']}, {count}")
        tag = ask(client, "GET", "/v1/modules/fc")[1]["ETag"]
        server.stop()
    bare = f'"{tag.strip(chr(34)).split("-")[0]}"'
    with Server(scene.binary, "--data", folder) as server:
        client = Client(server.port)
        expect(ask(client, "GET", "/v1/modules/fc", If_None_Match=tag)[0] == 304, "the tag does not fit after a restart")
        expect(ask(client, "GET", "/v1/modules/fc", If_None_Match=bare)[0] == 200, "a bare version fits")
        expect(ask(client, "PUT", "/v1/modules/fc/bias", [0, 0], If_Match=bare)[0] == 412, "a bare version may change")
        expect(ask(client, "PUT", "/v1/modules/fc/bias", [0, 0], If_Match=tag)[0] == 200, "the tag may not change")
        expect(client.get("/v1/store")[1]["instance"] == instance, "another instance")
    tags = set()
    for _ in range(2):
        with Server(scene.binary) as server:
            client = Client(server.port)
            tags.add(put(client, "fc", LAYER)["ETag"])
            store = client.get("/v1/store")[1]
            expect((store["kind"], store["durability"], store["writable"]) == ("memory", "none", True), str(store))
            expect(ask(client, "GET", "/v1/modules/fc", If_None_Match=tag)[0] == 200, "another registry's tag fits")
    expect(len(tags) == 2, "two registries in memory give the same tag")


@row
def damaged_modules(scene):
    """a module that cannot be read is 409, listed with the reason, UNAVAILABLE for /v2; PUT and DELETE mend it, others go on"""
    folder = scene.folder() + "/data"
    with Server(scene.binary, "--data", folder) as server:
        client = Client(server.port)
        for name, body in (("wide", WIDE), ("twin", WIDE | {"seed": 2}), ("fc", LAYER)):
            put(client, name, body)
        put(client, "net", {"type": "Sequential", "modules": [{"ref": "wide"}]})
        server.stop()
    for blob in pathlib.Path(folder, "blobs").rglob("*"):
        if blob.is_file():
            content = bytearray(blob.read_bytes())
            content[-1] ^= 1
            blob.unlink()
            blob.write_bytes(content)
    lines = subprocess.run([scene.binary, "verify", "--data", folder], capture_output=True, text=True)
    expect(lines.returncode == 1 and len(lines.stdout.splitlines()) == 4, lines.stdout)
    for line in lines.stdout.splitlines():
        expect(line.count("blobs/") == 1, f"a path stands twice: {line}")
    with Server(scene.binary, "--data", folder) as server:
        client = Client(server.port)
        for name in ("wide", "net", "twin"):
            body = {"input": [0] * 160}
            status, _, content = client.send("POST", f"/v1/modules/{name}/call", body)
            expect(status == 409 and b"damaged_module" in content and b"does not match" in content, f"{name}: {status} {content}")
            status, _, content = client.send("PUT", f"/v1/modules/{name}/state_dict?strict=false", {})
            expect(status == 409 and b'"unchanged"' in content, f"{name}: {status} {content}")
        expect(client.send("POST", "/v1/modules/fc/call", {"input": [1, 1]})[0] == 200, "a whole module suffers")
        listed = {m["name"]: m.get("damaged") for m in client.get("/v1/modules")[1]["modules"]}
        expect(listed["fc"] is None and all(listed[name] for name in ("wide", "net", "twin")), str(listed))
        index = json.loads(client.send("POST", "/v2/repository/index", {})[2])
        states = {m["name"]: m["state"] for m in index}
        expect(states["wide"] == states["net"] == "UNAVAILABLE" and states["fc"] == "READY", str(states))
        damaged = client.get("/v1/store")[1]["damaged"]
        expect([m["name"] for m in damaged] == ["net", "twin", "wide"] and all(m["reason"] for m in damaged), str(damaged))
        expect(client.send("DELETE", "/v1/modules/twin")[0] == 204, "DELETE of a damaged module")
        version = int(put(client, "wide", WIDE)["ETag"].strip('"').split("-")[0])
        expect(version > 1, f"version {version} comes again")
        for name in ("wide", "net"):
            expect(client.send("POST", f"/v1/modules/{name}/call", {"input": [0] * 160})[0] == 200, f"{name} is not well again")
        expect(client.get("/v1/store")[1]["damaged"] == [], "damage that is mended is still told")
        server.stop()
    expect(subprocess.run([scene.binary, "verify", "--data", folder], capture_output=True).returncode == 0, "verify after it")


@row
def limited_folder(scene):
    """--max-data-bytes: 507 and unchanged beyond it, and changes again below it"""
    folder = scene.folder() + "/data"
    with Server(scene.binary, "--data", folder, "--max-data-bytes", "1MiB") as server:
        client, made = Client(server.port), 0
        while True:
            status, _, content = client.send("PUT", f"/v1/modules/m{made}", WIDE | {"seed": made})
            if status >= 300:
                break
            made += 1
        problem = json.loads(content)
        expect((status, problem["code"], problem["outcome"]) == (507, "insufficient_storage", "unchanged"), str(problem))
        expect(5 <= made <= 10, f"{made} modules of 100 KB in 1 MiB")
        expect(client.send("GET", f"/v1/modules/m{made}")[0] == 404, "a refused module is there")
        expect(client.get("/v1/store")[1]["bytes"] + 160 * 160 * 4 + 4096 > 1 << 20, "a change was refused that had room")
        for number in range(made):
            expect(client.send("DELETE", f"/v1/modules/m{number}")[0] == 204, "DELETE")
        put(client, "again", WIDE)


@row
def backup_rules(scene):
    """backups: one at a time, in memory too, in the order of the format; a stopped folder may be copied as a whole"""
    folder = scene.folder()
    for options in (("--data", folder + "/data"), ()):
        with Server(scene.binary, *options) as server:
            client = Client(server.port)
            for number in range(40):
                put(client, f"m{number:02}", WIDE | {"seed": number})
            put(client, "fc", LAYER)
            slow = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            slow.request("GET", "/v1/backup")
            answer = slow.getresponse()
            status, _, content = client.send("GET", "/v1/backup", accept="*/*")
            expect(status == 429 and b"too_many_streams" in content or status == 200, f"{status} {content[:200]}")
            content = answer.read()
            tag, count = answer.headers["Callpath-Revision"].split(".")
            expected = f'attachment; filename="callpath-{tag}-{count}.tar"'
            expect(answer.headers["Content-Disposition"] == expected, answer.headers["Content-Disposition"])
            expect(answer.headers["X-Accel-Buffering"] == "no", "a proxy may gather a backup")
            expect(answer.headers["Content-Type"] == "application/x-tar", answer.headers["Content-Type"])
            names = tarfile.open(fileobj=io.BytesIO(content)).getnames()
            blobs = [name for name in names if name.startswith("blobs/")]
            expect(names == ["callpath-backup.json", "records/000000.jsonl", *sorted(blobs), "end.json"], str(names[:4]))
            expect(len(blobs) == 40, f"{len(blobs)} blobs")
            copy = f"{folder}/restored-{len(options)}"
            expect(restore(scene, copy, content).returncode == 0, "restore")
            answers = [client.send("GET", f"/v1/modules/{name}/state_dict")[2] for name in ("fc", "m00", "m39")]
            server.stop()
        copies = [copy]
        if options:
            copies.append(shutil.copytree(folder + "/data", folder + "/copied"))
        for copy in copies:
            with Server(scene.binary, "--data", copy) as server:
                client = Client(server.port)
                found = [client.send("GET", f"/v1/modules/{name}/state_dict")[2] for name in ("fc", "m00", "m39")]
                expect(found == answers, f"{copy} is not what was backed up")


@row
def folder_of_models(scene):
    """--models with --data: what is equal changes nothing, other tensors keep hooks, another description replaces"""
    place = scene.folder()
    models, folder = place + "/models", place + "/data"
    os.mkdir(models)
    with Server(scene.binary) as server:
        client = Client(server.port)

        def export(name, body):
            put(client, name, body)
            content = client.send("GET", f"/v1/modules/{name}/state_dict", accept="application/x-safetensors")[2]
            pathlib.Path(models, name + ".safetensors").write_bytes(content)

        export("fc", LAYER)
        export("left", LAYER)
        versions = []
        for round in range(4):
            if round == 2:
                export("fc", LAYER | {"seed": 5})
                os.unlink(models + "/left.safetensors")
            if round == 3:
                export("fc", {"type": "Linear", "in_features": 3, "out_features": 2})
            with Server(scene.binary, "--data", folder, "--models", models) as kept:
                other = Client(kept.port)
                status, document = other.get("/v1/modules/fc")
                versions.append((document["version"], len(document["hooks"])))
                expect(other.send("GET", "/v1/modules/left")[0] == 200, "what left the folder is gone")
                if round == 0:
                    hook = {"kind": "forward", "action": {"type": "scale", "value": 2}}
                    expect(other.send("POST", "/v1/modules/fc/hooks", hook)[0] == 201, "hook")
                kept.stop()
    after_hook, hooks = versions[1]
    expect(versions[0][1] == 0 and hooks == 1 and after_hook == versions[0][0] + 1, f"equal: {versions}")
    expect(versions[2] == (after_hook + 1, 1), f"other tensors: {versions}")
    expect(versions[3] == (after_hook + 2, 0), f"another description: {versions}")
