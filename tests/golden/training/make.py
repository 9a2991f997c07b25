"""Whole trainings in PyTorch as traces: python make.py OUT (torch, numpy, onnx). The format is that of README.md's other cases."""
import base64, json, pathlib, sys
import numpy as np, torch

here = pathlib.Path(__file__).resolve().parent
data = here.parent / "data"


def b64(t):
    a = np.ascontiguousarray(t.detach().numpy().astype("<f4"))
    return {"shape": list(a.shape), "data": base64.b64encode(a.tobytes()).decode()}


def network(widths, norm):
    layers = torch.nn.Sequential()
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        layers.add_module(f"fc{i + 1}", torch.nn.Linear(a, b))
        if i + 2 < len(widths):
            if norm: layers.add_module(f"bn{i + 1}", torch.nn.BatchNorm1d(b))
            layers.add_module(f"act{i + 1}", torch.nn.Tanh())
    return layers


def case(out, name, what, features, target, classes, widths, optimizer, args, loss, lr, epochs, batch, norm=False, clip=None, seed=1):
    torch.manual_seed(seed)
    rows = [line.split(",") for line in (data / "iris.csv").read_text().split()]
    raw = np.array([[float(c) for c in r[features[0]:features[1]]] for r in rows])
    x = torch.tensor((raw - 3.0) * 0.5).float()
    if classes: y = torch.tensor([classes.index(r[target]) for r in rows])
    else: y = torch.tensor([[(float(r[target]) - 1.0) * 0.5] for r in rows]).float()
    g = torch.Generator().manual_seed(seed)
    validation = sorted(torch.randperm(len(rows), generator=g)[:30].tolist())
    train = [i for i in range(len(rows)) if i not in validation]
    per_epoch = -(-len(train) // batch)
    steps = []
    for _ in range(epochs):
        order = [train[i] for i in torch.randperm(len(train), generator=g)]
        steps += [order[i * batch:(i + 1) * batch] for i in range(per_epoch)]
    model = network(widths, norm)
    for m in model.modules():  # other values than a fresh norm's, which exporters merge
        if isinstance(m, torch.nn.BatchNorm1d):
            m.weight.data.uniform_(0.8, 1.2), m.bias.data.uniform_(-0.1, 0.1), m.running_mean.uniform_(-0.1, 0.1), m.running_var.uniform_(0.9, 1.1)
    keep = {k: v.clone() for k, v in model.state_dict().items()}
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(model.eval(), (x[:2],), folder / "model.onnx", dynamo=False, opset_version=17, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}}, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE)

    def run(dtype):
        model.load_state_dict(keep)
        model.to(dtype)
        xs, ys = x.to(dtype), y.to(dtype) if not classes else y
        opt = getattr(torch.optim, optimizer)(model.parameters(), lr=lr[0], **args)
        losses, val, correct, first = [], [], [], None
        for n, chosen in enumerate(steps):
            opt.param_groups[0]["lr"] = float(np.float32(lr[n])) if dtype == torch.float32 else lr[n]
            model.train()
            opt.zero_grad()
            l = loss(model(xs[chosen]), ys[chosen])
            l.backward()
            losses.append(l.item())
            if clip: torch.nn.utils.clip_grad_norm_(model.parameters(), **clip)
            opt.step()
            if n == 0: first = {k: v.clone() for k, v in model.state_dict().items()}
            if (n + 1) % per_epoch == 0:
                model.eval()
                with torch.no_grad():
                    s = model(xs[validation])
                    val.append(loss(s, ys[validation]).item())
                    if classes: correct.append(int((s.argmax(1) == ys[validation]).sum()))
        return losses, val, correct, first, {k: v.clone() for k, v in model.state_dict().items()}

    l32, v32, c32, first, final = run(torch.float32)
    l64, v64, c64, _, final64 = run(torch.float64)
    floats = [k for k, v in keep.items() if v.is_floating_point()]
    trace = {
        "format": "golden-training/1", "case": name, "what": what, "model": "model.onnx",
        "source": {"library": "torch", "version": torch.__version__, "class": "torch.optim." + optimizer, "args": {"lr": lr[0], **args}, "schedule": None},
        "loss": "softmax cross-entropy of the logits, natural log, mean over the batch" if classes else {"class": "torch.nn.MSELoss", "args": {}},
        "batch_size": batch, "epochs": epochs,
        "data": {"file": "iris.csv", "header": False, "columns": 5, "features": features, "target": target, "shift": 3.0, "scale": 0.5,
                 **({"classes": classes} if classes else {"target_shift": 1.0, "target_scale": 0.5})},
        "split": {"train_count": len(train), "validation_rows": validation},
        "order": {"steps_per_epoch": per_epoch, "steps": steps},
        "lr": lr, "step_loss": l32, "step_loss_f64": l64,
        "validation": {"loss": v32, "loss_f64": v64, **({"correct": c32, "correct_f64": c64} if classes else {})},
        "weights": {"initial": {k: b64(keep[k]) for k in floats}, "after_step_0": {k: b64(first[k]) for k in floats}, "final": {k: b64(final64[k]) for k in floats}},
        "measured": {"final_weight_max_abs_diff": max(float((final[k].double() - final64[k]).abs().max()) for k in floats)},
    }
    if clip: trace["clip"] = {"class": "torch.nn.utils.clip_grad_norm_", "args": clip}
    if norm: trace["batch_norm"] = "training: batch statistics; the running variance moves by the unbiased variance of the batch"
    (folder / "trace.json").write_text(json.dumps(trace, separators=(",", ":")))
    print(name, trace["measured"], v64[-1], c64[-1:])


out = pathlib.Path(sys.argv[1])
names = ["setosa", "versicolor", "virginica"]
mse, ce = torch.nn.MSELoss(), torch.nn.CrossEntropyLoss()
case(out, "iris_regression_nadam", "petal width from the other three, NAdam with decoupled decay, gradients clipped by norm, a rate that falls by a twentieth an update",
     [0, 3], 3, None, [3, 8, 1], "NAdam", {"weight_decay": 0.05, "decoupled_weight_decay": True, "momentum_decay": 0.02}, mse, [0.02 / (1 + n / 20) for n in range(40)], 5, 16,
     clip={"max_norm": 0.5})
case(out, "iris_adagrad_start", "3 classes, Adagrad whose sum of squares starts at 0.37, batch normalization, the last batch of 8 rows", [0, 4], 4, names, [4, 8, 3], "Adagrad",
     {"initial_accumulator_value": 0.37, "lr_decay": 0.01, "weight_decay": 0.01}, ce, [0.3] * 32, 4, 16, norm=True)
