"""Compares a model trained by lehr with ONNX Runtime: interop.py BEFORE.onnx AFTER.onnx TABLE.csv PREDICTIONS.csv

The table has the features first and the class last, no header; PREDICTIONS.csv is what `lehr predict` printed. Exits with a message where something differs.
"""
import csv
import sys

import numpy as np
import onnx
import onnxruntime


def fail(message):
    sys.exit("interop: " + message)


before, after = onnx.load(sys.argv[1]), onnx.load(sys.argv[2])
onnx.checker.check_model(after, full_check=True)

# Everything but the values of initializers and the names of the classes is as it was.
for model in (before, after):
    kept = [entry for entry in model.metadata_props if not entry.key.startswith("lehr.")]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    for tensor in model.graph.initializer:
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
if before.SerializeToString(deterministic=True) != after.SerializeToString(deterministic=True):
    fail("something besides the weights changed")

rows = [r for r in csv.reader(open(sys.argv[3])) if r]
x = np.array([[float(v) for v in r[:-1]] for r in rows], dtype=np.float32)
session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
theirs = session.run(None, {session.get_inputs()[0].name: x})[0].reshape(-1)

predicted = list(csv.reader(open(sys.argv[4])))
ours = np.array([float(r[2]) for r in predicted[1:]])
if ours.shape != theirs.shape:
    fail(f"{ours.shape} predictions, ONNX Runtime gives {theirs.shape}")
difference = float(np.max(np.abs(ours - theirs)))
if not difference <= 1e-5:
    fail(f"outputs differ by {difference}")
print(f"interop: {len(ours)} rows agree, largest difference {difference:.2e}, onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}")
