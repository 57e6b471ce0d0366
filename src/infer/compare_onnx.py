"""Runs an ONNX model on stored inputs and tells how far its outputs are from stored ones. Called by digits-worker: FOLDER/plan.json says what lies where.

Exit code 3: NumPy or onnxruntime is not there. 4: onnxruntime does not run the file, or it has other outputs; the reason is the last line.
"""
import json
import sys
from pathlib import Path

MISSING, REJECTED = 3, 4


def reject(reason):
    print(" ".join(str(reason).split()), file=sys.stderr)
    sys.exit(REJECTED)


try:
    import numpy
    import onnxruntime
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(MISSING)

folder = Path(sys.argv[1])
plan = json.loads((folder / "plan.json").read_text())
image = numpy.fromfile(folder / "image", numpy.float32).reshape(plan["shape"])
try:
    session = onnxruntime.InferenceSession(plan["model"], providers=["CPUExecutionProvider"])
    outputs = session.run([one["name"] for one in plan["outputs"]] or None, {"image": image})
except Exception as error:  # onnxruntime has a class for each kind of refusal
    reject(error)
worst = 0.0
for i, (theirs, one) in enumerate(zip(outputs, plan["outputs"])):
    ours = numpy.fromfile(folder / f"output{i}", numpy.float32)
    if theirs.size != ours.size:
        reject(f"{one['name']} has {theirs.size} values, expected {ours.size}")
    scale = float(numpy.abs(ours).max()) or 1.0
    worst = max(worst, float(numpy.abs(theirs.ravel() - ours).max()) / scale)
print(json.dumps({"difference": worst, "runtime": "onnxruntime " + onnxruntime.__version__}))
