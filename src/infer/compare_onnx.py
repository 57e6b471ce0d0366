"""Runs an ONNX model on stored inputs and tells how far its outputs are from stored ones. Called by digits-worker: FOLDER/plan.json says what lies where."""
import json
import sys
from pathlib import Path

import numpy
import onnxruntime

folder = Path(sys.argv[1])
plan = json.loads((folder / "plan.json").read_text())
session = onnxruntime.InferenceSession(plan["model"], providers=["CPUExecutionProvider"])
image = numpy.fromfile(folder / "image", numpy.float32).reshape(plan["shape"])
outputs = session.run([one["name"] for one in plan["outputs"]], {"image": image})
worst = 0.0
for i, (theirs, one) in enumerate(zip(outputs, plan["outputs"])):
    ours = numpy.fromfile(folder / f"output{i}", numpy.float32)
    if theirs.size != ours.size:
        sys.exit(f"{one['name']} has {theirs.size} values, expected {ours.size}")
    scale = float(numpy.abs(ours).max()) or 1.0
    worst = max(worst, float(numpy.abs(theirs.ravel() - ours).max()) / scale)
print(json.dumps({"difference": worst, "runtime": "onnxruntime " + onnxruntime.__version__}))
