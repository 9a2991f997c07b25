"""Does ONNX Runtime measure what the runs reported? interop.py FOLDER

FOLDER/*/ holds case.json, table.csv, run/ of one experiment each; the last rows of the table are its validation rows. The trained model is
run on them at once and one row at a time; loss and accuracy must be those of the last line of metrics.csv. Exits with a message where one differs.
"""
import csv
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime


def run(session, x, width):
    feeds = {session.get_inputs()[0].name: x}
    values = [v for v in session.run(None, feeds) if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    return values[0].reshape(len(x), -1).astype(np.float64)


def measured(scores, form, kind, y):
    """Mean loss and share of rows answered right (mse: None)."""
    if kind == "mse":
        return np.mean((scores.reshape(-1) - y) ** 2), None
    y = y.astype(int)
    if kind == "bce_with_logits":
        s = scores.reshape(-1)
        if form == "logits":
            log_p = np.stack([-np.logaddexp(0, s), -np.logaddexp(0, -s)], 1)
        else:
            p = s if form == "probabilities" else np.exp(s)
            log_p = np.log(np.stack([1 - p, p], 1))
    elif form == "probabilities":
        log_p = np.log(scores)
    else:
        log_p = scores - np.logaddexp.reduce(scores, 1, keepdims=True)
    return -np.mean(log_p[np.arange(len(y)), y]), np.mean(log_p.argmax(1) == y)


def compare(folder):
    case = json.loads((folder / "case.json").read_text())
    loss = case["training"]["losses"][0]
    last = list(csv.DictReader(open(folder / "run/metrics.csv")))[-1]
    table = np.array([[float(v) for v in row] for row in list(csv.reader(open(folder / "table.csv")))[1:]])
    rows = int((folder / "validation").read_text())
    model = str(folder / "run/models/seed-0.onnx")
    onnx.checker.check_model(onnx.load(model), full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    kind = np.float16 if session.get_inputs()[0].type == "tensor(float16)" else np.float32
    (given,) = case["io"][0]["inputs"].values()
    x = table[-rows:, :-1].reshape(-1, *given["shape"][1:]).astype(kind)
    y = table[-rows:, -1]
    tolerance = 5e-3 if kind == np.float16 else 2e-5
    for what, scores in (("at once", run(session, x, rows)), ("one row at a time", np.concatenate([run(session, x[i : i + 1], 1) for i in range(rows)]))):
        value, share = measured(scores, loss.get("output_form", "logits"), loss["kind"], y)
        reported = float(last["val_loss"])
        if not abs(value - reported) <= tolerance * max(1, abs(reported)):
            yield f"{what}: loss {value}, the run reported {reported}"
        if share is not None and abs(share - float(last["val_accuracy"])) > 1e-9:
            yield f"{what}: accuracy {share}, the run reported {last['val_accuracy']}"


wrong = 0
folders = sorted(p for p in pathlib.Path(sys.argv[1]).iterdir() if (p / "run").exists())
for folder in folders:
    try:
        problems = list(compare(folder))
    except Exception as error:
        problems = [str(error)[:300]]
    for problem in problems:
        print(f"interop: {folder.name}: {problem}")
    wrong += bool(problems)
print(f"interop: {len(folders) - wrong} of {len(folders)} trained models measure in ONNX Runtime what their runs reported")
sys.exit(1 if wrong or not folders else 0)
