"""What schemathesis cannot know of Callpath: how bytes are described, and what must be there before a request."""
import base64
import json
import pathlib
import re
import urllib.error
import urllib.request

import schemathesis
import yaml

CONTRACT = yaml.safe_load((pathlib.Path(__file__).parent.parent.parent / "openapi.yaml").read_text())
REVISIONS = re.compile(CONTRACT["components"]["parameters"]["MinimumRevision"]["schema"]["pattern"].strip("^$"))
REPLACING = {"deleteModule", "putModule", "unloadModel", "unloadModelNamed", "loadModel", "loadModelNamed", "deleteBias"}
HOOKING = {"createGlobalHook", "createHook"}


def ask(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        assert error.code < 500, error.read()


def set_up(url):
    """Makes the modules and hooks of the contract's examples, where they are not there."""
    for step in CONTRACT["x-example-setup"]:
        ask(step["method"], url + step["target"], step["body"])


def forget_hooks(url):
    """Removes all but the newest hooks, so that those of a thousand tests do not steer every call."""
    for hooks in ("/v1/hooks", "/v1/modules/fc/hooks", "/v1/modules/net/hooks"):
        for hook in (ask("GET", url + hooks) or {"hooks": []})["hooks"][:-4]:
            ask("DELETE", f"{url}{hooks}/{hook['id']}")


def octets(value):
    """Returns the bytes of a body; the contract's examples are in base64."""
    value = getattr(value, "data", value)
    if isinstance(value, str):
        return base64.b64decode(value)
    return value if isinstance(value, bytes) else b""


@schemathesis.serializer("application/octet-stream", "application/x-safetensors", "application/safetensors")
def serialize(context, value):
    return octets(value)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Describes the bytes of a body, as its fields must."""
    if case.media_type == "application/octet-stream" and not case.path.startswith("/v2"):
        case.headers["Tensor-Shape"] = str(len(octets(case.body)))
        case.headers["Tensor-Dtype"] = "uint8"


@schemathesis.hook
def after_call(context, case, response):
    """Brings back what a request has removed, so that the next ones find something."""
    operation = case.operation.definition.raw.get("operationId")
    if response.status_code < 300 and operation in REPLACING:
        set_up(case.operation.base_url)
    if response.status_code == 201 and operation in HOOKING and response.json()["id"] % 8 == 0:
        forget_hooks(case.operation.base_url)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Lets a raw request be any bytes of the right count, `{"inputs": null}` too, and fields that nobody knows be ignored.

    What schemathesis takes for a valid revision need not match the contract's pattern: then 400 is right.
    """
    fields = response.request.headers
    if "x-schemathesis-unknown-property" in fields:
        return False
    if response.status_code == 400 and not REVISIONS.fullmatch(str(fields.get("Callpath-Minimum-Revision", "00000000.0"))):
        return False
    return response.status_code != 200 or fields.get("Inference-Header-Content-Length") != "0"


@schemathesis.check
def documented_status(context, response, case):
    """Every status stands at its operation or in the list of what any can answer; `default` alone would allow all."""
    responses = CONTRACT["paths"][case.operation.path][case.operation.method]["responses"]
    default = CONTRACT["components"]["responses"][responses["default"]["$ref"].rsplit("/", 1)[1]]
    # Every path answers OPTIONS so.
    known = {"204"} if response.request.method == "OPTIONS" else set()
    known |= {status for status in responses if status != "default"} | set(map(str, default["x-status-codes"]))
    assert str(response.status_code) in known, f"{response.status_code} is not documented"
