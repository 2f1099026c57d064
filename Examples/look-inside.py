"""Looks inside a trained digits network through HTTP alone: capture, ablate, steer, trace, differentiate.

    script/server &
    python3 Examples/look-inside.py [http://localhost:8080]

Only the standard library is used. The network and its test images are the fixtures of the tests.
"""
import json
import pathlib
import sys
import urllib.request

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080"
DIGITS = pathlib.Path(__file__).parent.parent / "Tests/CallpathTests/Fixtures/digits"
HIDDEN = "1"  # the ReLU between the two layers


def request(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(SERVER + path, data, headers, method=method)) as answer:
        return json.load(answer)


def call(image, *hooks):
    return request("POST", "/v1/modules/digits/call", {"input": image, "hooks": list(hooks)})


def on_hidden(action, **fields):
    return {"kind": "forward", "module": HIDDEN, "action": {"type": action, **fields}}


def largest(values):
    return max(range(len(values)), key=values.__getitem__)


def main():
    test = json.loads((DIGITS / "test.json").read_text())
    request("PUT", "/v1/modules/digits", {
        "type": "Sequential",
        "modules": [{"type": "Linear", "in_features": 64, "out_features": 32}, {"type": "ReLU"},
                    {"type": "Linear", "in_features": 32, "out_features": 10}],
        "state_dict": json.loads((DIGITS / "network.json").read_text())})
    images = [test["images"][test["labels"].index(digit)] for digit in range(10)]

    print("1. Capture: the busiest hidden unit for one image of each digit")
    busiest = []
    for digit, image in enumerate(images):
        hidden = call(image, on_hidden("capture"))["captures"][0]["data"]
        busiest.append(largest(hidden))
        print(f"   {digit}: unit {busiest[-1]:2} at {hidden[busiest[-1]]:.2f}")

    print("2. Ablate: the unit without which the network doubts a 3 the most")
    three = images[3]
    whole = call(three)["output"][3]
    losses = [whole - call(three, on_hidden("mask", indices=[unit]))["output"][3] for unit in range(32)]
    unit = largest(losses)
    print(f"   the logit of 3 is {whole:.2f}; without unit {unit} it is {whole - losses[unit]:.2f}")

    print("3. Steer: in the image of a 5, push up the unit that speaks most for a 3 until the network sees one")

    def steered(unit, strength):
        push = [strength if index == unit else 0 for index in range(32)]
        return call(images[5], on_hidden("add", value=push))["output"]

    margins = [output[3] - output[5] for output in (steered(unit, 10) for unit in range(32))]
    persuasive = largest(margins)
    strength = next(strength / 4 for strength in range(400) if largest(steered(persuasive, strength / 4)) == 3)
    print(f"   with {strength:.2f} added to unit {persuasive} the 5 is read as a 3")

    print("4. Trace: the path of that call")
    for event in request("POST", "/v1/modules/digits/trace", {"input": three})["events"]:
        if event["event"] == "operation":
            print(f"   {event['scope']}: {event['name']} -> {event['shape']}")

    print("5. Differentiate: the pixels that speak for a 3")
    choose_three = [1.0 if digit == 3 else 0.0 for digit in range(10)]
    gradient = request("POST", "/v1/modules/digits/backward", {"input": three, "grad_output": choose_three})
    pixels = gradient["grad_input"]["data"]
    for row in range(8):
        print("   " + "".join("+" if value > 1 else "-" if value < -1 else "." for value in pixels[8 * row:8 * row + 8]))


if __name__ == "__main__":
    main()
