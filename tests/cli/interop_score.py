"""What a run reports, by ONNX Runtime: interop_score.py RUN_FOLDER MODEL TABLE.csv ROWS

The last ROWS rows of the table (the target is its last column) are prepared as RUN_FOLDER/models/preprocess.json says and given to RUN_FOLDER/models/MODEL,
all at once and one by one: both must give the same outputs, and the loss or accuracy that metrics.csv has for these weights. Exits with a message where something differs.
"""
import csv
import json
import pathlib
import sqlite3
import sys

import numpy as np
import onnx
import onnxruntime

folder, name, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[4])
path = str(folder / "models" / name)


def fail(message):
    sys.exit(f"interop: {path}: {message}")


model = onnx.load(path)
onnx.checker.check_model(path, full_check=True)
for node in model.graph.node:
    if node.op_type == "BatchNormalization" and any(a.name == "training_mode" and a.i for a in node.attribute):
        fail(f"{node.name} is in training mode")
for value in model.graph.input:
    if value.type.tensor_type.shape.dim[0].HasField("dim_value"):
        fail(f"input {value.name} has a fixed batch")

plan = json.load(open(folder / "models" / "preprocess.json"))
rows = [r for r in csv.reader(open(sys.argv[3])) if r]
rows = (rows[1:] if plan["header"] else rows)[-count:]
columns = plan["inputs"][0]["columns"]
x = np.array([[(float(r[c["index"]]) - c["shift"]) * c["scale"] for c in columns] for r in rows]).astype(np.float32)
targets = [r[plan["target"]["columns"][0]["index"]] for r in rows]
classes = plan["target"]["classes"]

session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
names = [o.name for o in session.get_outputs()]
feed = session.get_inputs()[0].name
whole = session.run(None, {feed: x})
single = [session.run(None, {feed: x[i : i + 1]}) for i in range(count)]
scores = None
for k, output in enumerate(names):
    a = whole[k]
    if not isinstance(a, np.ndarray) or a.ndim == 0 or a.shape[0] != count:
        continue
    b = np.concatenate([np.asarray(s[k]).reshape((1,) + a.shape[1:]) for s in single])
    if a.dtype.kind in "OUS":
        if list(a) != list(b):
            fail(f"{output} differs one row at a time")
        right = float(np.mean([str(p) == t for p, t in zip(a, targets)]))
        labels = right
    elif a.dtype.kind == "f":
        if not np.allclose(a, b, rtol=1e-5, atol=1e-5):
            fail(f"{output} differs one row at a time by {np.max(np.abs(a - b))}")
        scores = a.reshape(count, -1)

epochs = list(csv.DictReader(open(folder / "metrics.csv")))
best = sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True).execute("SELECT best_epoch FROM trials").fetchone()[0]
reported = next(e for e in epochs if int(e["epoch"]) == best) if name.endswith("best.onnx") else epochs[-1]
prefix = "avg_val_" if name.endswith("average.onnx") else "val_"
if classes:
    if scores.shape[1] == 1:
        found = np.mean([(s > 0.5) == (t == classes[1]) for s, t in zip(scores[:, 0], targets)])
    else:
        found = np.mean([classes[int(np.argmax(s))] == t for s, t in zip(scores, targets)])
    expected, what = float(reported[prefix + "accuracy"]), "accuracy"
    if "labels" in globals() and labels != float(found):
        fail(f"its labels are right in {labels}, its scores in {found}")
else:
    found = np.mean((scores[:, 0] - np.array([float(t) for t in targets])) ** 2)
    expected, what = float(reported[prefix + "loss"]), "loss"
half = any(t.data_type == onnx.TensorProto.FLOAT16 for t in model.graph.initializer)
if not abs(found - expected) <= (2e-2 if half else 1e-5) * max(abs(expected), 1e-3):
    fail(f"{what} {found}, the run reports {expected}")
print(f"interop: {folder.name} {name}: {what} {found:.6g} of {count} rows, whole and one by one")
