"""A model that takes raw columns, by ONNX Runtime: interop_raw.py MODEL TABLE.csv PREDICTIONS.csv [UNKNOWN]

The table's cells go in as they are, all rows at once and one by one: both must give what `lehr predict` printed. UNKNOWN is a row with a name that no training
row has: it must be refused. Exits with a message where something differs.
"""
import csv
import json
import sys

import numpy as np
import onnx
import onnxruntime

path = sys.argv[1]


def fail(message):
    sys.exit(f"interop: {path}: {message}")


model = onnx.load(path)
onnx.checker.check_model(path, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
table = list(csv.reader(open(sys.argv[2])))
header, rows = table[0], table[1:]
plan = json.loads(next(e.value for e in model.metadata_props if e.key == "lehr.preprocess"))
blocks = {i["name"] or session.get_inputs()[0].name: [c["name"] for c in i["columns"]] for i in plan["inputs"]}


def cells(name, rows, type):
    column = [r[header.index(name)] for r in rows]
    if type == "tensor(string)":
        return np.array(column, dtype=object)
    if type == "tensor(int64)":
        return np.array([int(c) for c in column], dtype=np.int64)
    return np.array([float("nan") if c in plan["missing"] else float(c) for c in column], dtype=np.float64)


def fed(rows):
    out = {}
    for i in session.get_inputs():
        names = [i.name] if i.shape[1] == 1 and i.name in header else blocks[i.name]
        out[i.name] = np.stack([cells(n, rows, i.type) for n in names], axis=1)
    return out


def run(rows):
    return session.run(None, fed(rows))[0].reshape(len(rows), -1).astype(np.float64)


predicted = list(csv.reader(open(sys.argv[3])))
skip = 1 if predicted[0][0] == "class" else 0
ours = np.array([[float(v) for v in r[skip:]] for r in predicted[1:]])
whole, single = run(rows), np.concatenate([run([r]) for r in rows])
if whole.shape[1] == 1 and ours.shape[1] == 2:
    ours = ours[:, 1:]
for what, theirs in (("whole", whole), ("one by one", single)):
    if not np.all(np.abs(ours - theirs) <= 1e-5 * np.maximum(np.abs(ours), 1e-1)):
        fail(f"{what}: differs by {np.max(np.abs(ours - theirs))}")
if len(sys.argv) > 4:
    try:
        run([sys.argv[4].split(",")])
    except Exception as error:
        print(f"interop: refused as it should be: {str(error).splitlines()[0][:120]}")
    else:
        fail("an unknown name is answered")
print(f"interop: {path.split('/')[-4]}: {len(rows)} rows of raw columns, {[(i.name, i.type) for i in session.get_inputs()]}")
