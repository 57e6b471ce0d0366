"""Runs an ONNX model on stored inputs and tells how far its outputs are from stored ones. Called by digits-worker: FOLDER/plan.json lists the files.

Exit code 3: NumPy or onnxruntime is not there. 4: onnxruntime does not run the file, or it has other outputs; the reason is the last line.
"""
import json
import sys
from pathlib import Path

MISSING, REJECTED = 3, 4
CLOSE = 1e-3


def reject(reason):
    print(" ".join(str(reason).split()), file=sys.stderr)
    sys.exit(REJECTED)


def overlaps(box, others):
    """Intersection over union with each of the others."""
    both = numpy.clip(numpy.minimum(box[2:], others[:, 2:]) - numpy.maximum(box[:2], others[:, :2]), 0, None).prod(axis=1)
    areas = [(one[..., 2:] - one[..., :2]).prod(axis=-1) for one in (box, others)]
    return both / numpy.maximum(areas[0] + areas[1] - both, 1e-9)


def difference_of_boxes(ours, theirs, how):
    """Of boxes that both list, N x rows x (class, score, edges), in parts of the input's size. A box that only one of them lists counts as 1, unless its
    score is that of the last ones or its overlap with another one that at which boxes are one: there, rounding decides."""
    worst = 0.0
    for pair in zip(ours, theirs):
        pair = [rows[rows[:, 0] >= 0] for rows in pair]
        for some, others in (pair, pair[::-1]):
            last = others[-1, 1] if len(others) == how["keep_top_k"] else how["score_threshold"]
            for row in some:
                same = others[others[:, 0] == row[0]]
                apart = (numpy.abs(same[:, 1:] - row[1:]) / ([1] + [how["size"]] * 4)).max(axis=1).min(initial=1)
                if apart <= CLOSE:
                    worst = max(worst, float(apart))
                elif row[1] > last + CLOSE and not (numpy.abs(overlaps(row[2:], same[:, 2:]) - how["nms_threshold"]) < CLOSE).any():
                    return 1.0
    return worst


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
    if one["boxes"]:
        worst = max(worst, difference_of_boxes(ours.reshape(theirs.shape), theirs, one["boxes"]))
        continue
    scale = float(numpy.abs(ours).max()) or 1.0
    worst = max(worst, float(numpy.abs(theirs.ravel() - ours).max()) / scale)
print(json.dumps({"difference": worst, "runtime": "onnxruntime " + onnxruntime.__version__}))
