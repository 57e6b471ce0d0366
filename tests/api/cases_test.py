"""Requests to /api/v1 and what comes back, as the files in tests/cases/api say: tests/cases/README.md.

    cases_test.py DIGITS [NAME…]      all cases, or those named
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from contract import Contract
from server_process import ServerProcess, write_png

CASES = Path(__file__).parent.parent / "cases" / "api"
STEP_MEMBERS = {"request", "status", "equal", "contains", "absent", "keep"}


def value_at(document, pointer):
    """What a JSON pointer leads to, as (found, value)."""
    for key in pointer.split("/")[1:]:
        key = key.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(key)] if isinstance(document, list) else document[key]
        except (KeyError, IndexError, ValueError, TypeError):
            return False, None
    return True, document


def filled(value, kept):
    """`value` with each "{name}" in its texts replaced by what is kept under the name."""
    if isinstance(value, dict):
        return {filled(key, kept): filled(item, kept) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, kept) for item in value]
    if isinstance(value, str):
        for name, text in kept.items():
            value = value.replace("{" + name + "}", str(text))
    return value


def run_step(api, step, kept):
    """The faults of one request's answer."""
    unknown = set(step) - STEP_MEMBERS
    if unknown or "request" not in step or "status" not in step:
        return [f"a step has request, status and any of equal, contains, absent, keep; got {sorted(step)}"]
    request = filled(step["request"], kept)
    body = request.get("body")
    headers = dict(request.get("headers", {}))
    if isinstance(body, str):
        headers.setdefault("Content-Type", "application/json")
    status, _, answer = api.call(request["method"], request["path"], body, headers)
    faults = []
    if status != step["status"]:
        faults.append(f"status {status}, expected {step['status']}: {answer}")
    for pointer, want in filled(step.get("equal", {}), kept).items():
        found, value = value_at(answer, pointer)
        if not found or value != want:
            faults.append(f"{pointer} is {json.dumps(value) if found else 'absent'}, expected {json.dumps(want)}")
    for pointer, want in filled(step.get("contains", {}), kept).items():
        found, value = value_at(answer, pointer)
        if not found or want not in value:
            faults.append(f"{pointer} is {json.dumps(value) if found else 'absent'}, expected {json.dumps(want)} in it")
    for pointer in step.get("absent", []):
        if value_at(answer, pointer)[0]:
            faults.append(f"{pointer} is there, expected none")
    for name, pointer in step.get("keep", {}).items():
        found, kept[name] = value_at(answer, pointer)
        if not found:
            faults.append(f"{pointer} is absent, expected something to keep as {name}")
    return faults


def run_case(api, case, kept):
    kept = dict(kept)
    for i, step in enumerate(case["steps"] if "steps" in case else [case]):
        try:
            faults = run_step(api, step, kept)
        except Exception as error:  # the contract refuses an answer by assertion or validation error
            faults = [f"{type(error).__name__}: {error}"]
        if faults:
            return [f"step {i + 1}: {fault}" for fault in faults]
    return []


def images(folder):
    """Two classes of six grey images."""
    for label, shade in (("dark", 40), ("light", 200)):
        (folder / label).mkdir(parents=True)
        for i in range(6):
            write_png(folder / label / f"{i}.png", [bytes([shade + i] * 8)] * 8)
    return folder


def main():
    digits, names = Path(sys.argv[1]).resolve(), sys.argv[2:]
    files = sorted(CASES.glob("*.json"))
    unknown = set(names) - {file.stem for file in files}
    if unknown or not files:
        sys.exit(f"no case is named {', '.join(sorted(unknown))}" if unknown else f"there are no cases in {CASES}")
    server = ServerProcess(digits)
    try:
        api = Contract(server)
        folder = images(server.folder / "images")
        spec = {"source": {"type": "folder", "path": str(folder)}, "image": {"width": 8, "height": 8, "channels": 1}}
        dataset = api.call("POST", "/datasets", {"name": "Two shades", "spec": spec})[2]["id"]
        made = server.wait_for(dataset)
        assert made["state"] == "done", made
        failed = 0
        for file in files:
            if names and file.stem not in names:
                continue
            faults = run_case(api, json.loads(file.read_text()), {"folder": folder, "dataset": dataset})
            failed += bool(faults)
            print(f"{'FAILED' if faults else 'ok':7}{file.stem}", *faults, sep="\n         " if faults else "")
        sys.exit(f"{failed} cases failed" if failed else 0)
    finally:
        server.close()


if __name__ == "__main__":
    main()
