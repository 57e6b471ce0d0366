"""PyTorch's side of the training bench: runs a Caffe network as a Python user of PyTorch would write it, and prints images/s.

The network is read from the same prototxt that Digits trains, so that both sides do the same work: forward, backward, SGD with momentum
and weight decay on random input.

    python3 bench/torch_peer.py --net networks/lenet.prototxt --batch 64 --shape 1,28,28 --classes 10 --mode eager --seconds 5
"""
import argparse
import json
import re
import statistics
import time
from collections import defaultdict

import torch
import torch.nn.functional as F

MODES = ("eager", "eager_no_mmap", "channels_last", "tf32", "tf32_channels_last", "bf16", "bf16_channels_last", "fp16", "fp16_channels_last")


def parse_prototxt(text):
    """Text format as nested dictionaries of lists."""
    tokens = re.findall(r'"[^"]*"|[{}:]|[^\s{}:]+', re.sub(r"#.*", "", text))
    position = 0

    def message():
        nonlocal position
        fields = defaultdict(list)
        while position < len(tokens) and tokens[position] != "}":
            name = tokens[position]
            position += 1
            if tokens[position] == ":":
                position += 1
            if tokens[position] == "{":
                position += 1
                fields[name].append(message())
                position += 1
            else:
                fields[name].append(tokens[position].strip('"'))
                position += 1
        return fields

    return message()


def first(fields, name, default):
    return fields[name][0] if name in fields and fields[name] else default


def number(fields, name, default):
    return int(first(fields, name, default))


def included(layer, phase="TRAIN", stage="train"):
    def matches(rule):
        return first(rule, "phase", phase) == phase and all(s == stage for s in rule.get("stage", []))

    if layer.get("include"):
        return any(matches(rule) for rule in layer["include"])
    return not any(matches(rule) for rule in layer.get("exclude", []))


def pairwise_iou(a, b):
    """Of boxes (N, A, 4) and (N, B, 4): (N, A, B)."""
    low, high = torch.maximum(a[:, :, None, :2], b[:, None, :, :2]), torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    common = (high - low).clamp(min=0).prod(3)
    area = lambda boxes: (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    return common / (area(a)[:, :, None] + area(b)[:, None, :] - common + 1e-9)


def generalized_iou(a, b):
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    common = (high - low).clamp(min=0).prod(1)
    together = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - common
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    return common / together - (around - together) / around


@torch.no_grad()
def assign(scores, boxes, centres, truth, classes, exists, top_k=10):
    """TOOD's assignment, for the whole batch at once: the box of each cell (-1: none) and the target of its score."""
    iou = pairwise_iou(boxes, truth) * exists[:, None, :]
    score = torch.gather(scores.sigmoid(), 2, classes[:, None, :].expand(-1, scores.shape[1], -1))
    inside = ((centres[None, :, None] > truth[:, None, :, :2]) & (centres[None, :, None] < truth[:, None, :, 2:])).all(3)
    rank = score.sqrt() * iou.pow(6) * (inside & exists[:, None, :])
    best = torch.topk(rank, top_k, dim=1).indices
    chosen = torch.zeros_like(rank).scatter_(1, best, 1) * (rank > 0)
    cell_iou, box = (iou * chosen - (1 - chosen)).max(2)
    has = chosen.sum(2) > 0
    own = chosen * F.one_hot(box, truth.shape[1]) * has[:, :, None]
    scale = (iou * own).amax(1) / ((rank * own).amax(1) + 1e-12)
    target = (rank * own * scale[:, None, :]).sum(2)
    return torch.where(has, box, torch.full_like(box, -1)), target


def detection_loss(scores, distances, labels, strides=(8, 16, 32)):
    """The loss of Digits's DetectionLoss layer, as a user of PyTorch would write it."""
    flat = lambda parts: torch.cat([part.flatten(2) for part in parts], 2).transpose(1, 2)
    centres, steps = [], []
    for part, stride in zip(scores, strides):
        y, x = torch.meshgrid(*(torch.arange(n, device=part.device) + 0.5 for n in part.shape[2:]), indexing="ij")
        centres.append(torch.stack([x, y], 2).reshape(-1, 2) * stride)
        steps.append(torch.full((x.numel(), 1), float(stride), device=part.device))
    centres, steps, scores = torch.cat(centres), torch.cat(steps), flat(scores).float()
    reach = flat(distances).float().clamp(max=7).exp() * steps
    boxes = torch.cat([centres - reach[..., :2], centres + reach[..., 2:]], 2)
    rows = labels[:, 0, 1:]
    truth, classes = torch.cat([rows[..., :2], rows[..., :2] + rows[..., 2:4]], 2), rows[..., 5].long()
    exists = torch.arange(rows.shape[1], device=rows.device)[None] < labels[:, 0, 0, :1]
    box, target = assign(scores.detach(), boxes.detach(), centres, truth, classes, exists)
    wanted = torch.zeros_like(scores)
    image, cell = torch.nonzero(box >= 0, as_tuple=True)
    which, weight = box[image, cell], target[image, cell]
    wanted[image, cell, classes[image, which]] = weight
    focus = (scores.sigmoid() - wanted).abs().pow(1.5)
    loss = (focus * F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")).sum()
    loss = loss + 2.5 * (weight * (1 - generalized_iou(boxes[image, cell], truth[image, which]))).sum()
    return loss / target.sum().clamp(min=1)


class CaffeNet(torch.nn.Module):
    """The TRAIN-phase layers of a prototxt as PyTorch modules and functions; forward gives the weighted loss."""

    def __init__(self, net, classes, example, labels):
        super().__init__()
        self.layers = [layer for layer in net["layer"] if included(layer) and "Data" not in first(layer, "type", "")]
        self.classes = classes
        self.parts = torch.nn.ModuleDict()
        self.forward(example, labels)

    def part(self, name, make):
        key = name.replace(".", "_")
        if key not in self.parts:
            self.parts[key] = make()
        return self.parts[key]

    def forward(self, data, labels):
        blobs = {"data": data, "label": labels}
        loss = 0
        for layer in self.layers:
            kind, name = first(layer, "type", ""), first(layer, "name", "")
            bottoms = [blobs[b] for b in layer["bottom"]]
            x = bottoms[0]
            if kind == "Convolution":
                p = layer["convolution_param"][0]
                y = self.part(name, lambda: torch.nn.Conv2d(
                    x.shape[1], number(p, "num_output", self.classes), number(p, "kernel_size", 1), number(p, "stride", 1), number(p, "pad", 0),
                    number(p, "dilation", 1), groups=number(p, "group", 1), bias=first(p, "bias_term", "true") == "true"))(x)
            elif kind == "Deconvolution":
                p = layer["convolution_param"][0]
                stretches = "bilinear" in first(p, "weight_filler", {}).get("type", [])
                y = self.part(name, lambda: torch.nn.ConvTranspose2d(
                    x.shape[1], number(p, "num_output", self.classes), number(p, "kernel_size", 1), number(p, "stride", 1), number(p, "pad", 0),
                    groups=self.classes if stretches else 1, bias=first(p, "bias_term", "true") == "true"))(x)
            elif kind == "Crop":
                offset = number(layer["crop_param"][0], "offset", 0)
                y = x[..., offset:offset + bottoms[1].shape[2], offset:offset + bottoms[1].shape[3]]
            elif kind == "InnerProduct":
                p = layer["inner_product_param"][0]
                flat = torch.flatten(x, 1)
                y = self.part(name, lambda: torch.nn.Linear(flat.shape[1], number(p, "num_output", self.classes)))(flat)
            elif kind == "Pooling":
                p = layer["pooling_param"][0]
                if first(p, "global_pooling", "false") == "true":
                    y = F.adaptive_avg_pool2d(x, 1)
                else:
                    pool = F.max_pool2d if first(p, "pool", "MAX") == "MAX" else F.avg_pool2d
                    y = pool(x, number(p, "kernel_size", 1), number(p, "stride", 1), number(p, "pad", 0), ceil_mode=True)
            elif kind == "ReLU":
                y = F.relu(x, inplace=True)
            elif kind == "Clip":
                p = layer["clip_param"][0]
                y = F.hardtanh(x, number(p, "min", 0), number(p, "max", 1))
            elif kind == "LRN":
                p = layer["lrn_param"][0]
                y = F.local_response_norm(x, number(p, "local_size", 5), float(first(p, "alpha", 1)), float(first(p, "beta", 0.75)))
            elif kind == "Dropout":
                y = F.dropout(x, float(first(layer["dropout_param"][0], "dropout_ratio", 0.5)))
            elif kind == "BatchNorm":
                y = self.part(name, lambda: torch.nn.BatchNorm2d(x.shape[1]))(x)
            elif kind == "Scale":
                y = x  # PyTorch's BatchNorm2d above already scales and shifts
            elif kind == "Eltwise":
                y = sum(bottoms[1:], bottoms[0])
            elif kind == "Concat":
                y = torch.cat(bottoms, 1)
            elif kind == "Power":
                p = layer["power_param"][0]
                y = x * float(first(p, "scale", 1)) + float(first(p, "shift", 0))
            elif kind == "SoftmaxWithLoss":
                ignored = layer["loss_param"][0] if "loss_param" in layer else {}
                y = F.cross_entropy(x, labels, ignore_index=int(first(ignored, "ignore_label", -100)))
                loss = loss + float(first(layer, "loss_weight", 1)) * y
            elif kind == "DetectionLoss":
                y = detection_loss(bottoms[:-1:2], bottoms[1:-1:2], labels)
                loss = loss + y
            elif kind in ("Accuracy", "Silence"):
                continue
            else:
                raise SystemExit(f"torch_peer.py knows no layer type {kind} ({name})")
            blobs[layer["top"][0]] = y
        return loss


def rate(args, mode, definition, data, labels):
    """Images a second of a fresh net in one mode, as the last line of JSON has them."""
    torch.manual_seed(1)
    device = torch.device(args.device)
    # Products of fp32 values are exact unless the mode says otherwise.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = mode.startswith("tf32")
    net = CaffeNet(definition, args.classes, data, labels).to(device)
    data, labels = data.to(device), labels.to(device)
    if "channels_last" in mode:
        net, data = net.to(memory_format=torch.channels_last), data.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9, weight_decay=1e-4)
    low = torch.float16 if "fp16" in mode else torch.bfloat16
    scaler = torch.amp.GradScaler(device.type, enabled=low == torch.float16)

    def step():
        optimizer.zero_grad()
        with torch.autocast(device.type, dtype=low, enabled=mode.startswith(("bf16", "fp16"))):
            loss = net(data, labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    for _ in range(3):
        step()
    times = []
    end = time.perf_counter() + args.seconds
    while time.perf_counter() < end or len(times) < 3:
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return {"mode": mode, "images_per_s": args.batch / statistics.median(times), "steps": len(times), "peak_bytes": peak}


def random_boxes(batch, shape, classes, count=12):
    """Twelve boxes an image in DIGITS's arrays, as the bench of digits-worker has them."""
    rows = torch.zeros(batch, 1, count + 1, 16)
    rows[:, :, 0, 0] = count
    for axis, side in ((0, shape[2]), (1, shape[1])):
        rows[:, :, 1:, axis] = torch.rand(batch, 1, count) * side * 0.7
        rows[:, :, 1:, axis + 2] = (torch.rand(batch, 1, count) + 0.3) * side * 0.2
    rows[:, :, 1:, 5] = torch.randint(0, classes, (batch, 1, count)).float()
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--net", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--shape", required=True, help="C,H,W")
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--mode", default="eager", help=f"one or, with commas, several of {', '.join(MODES)}: a line of JSON each")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu or cuda:N")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = True
    shape = [int(v) for v in args.shape.split(",")]
    data = torch.rand(args.batch, *shape)
    definition = parse_prototxt(open(args.net).read())
    # As in Digits: labels out of a database of their own are images.
    per_pixel = any(first(layer, "type", "") == "Data" and layer["top"] == ["label"] for layer in definition["layer"])
    labels = torch.randint(0, args.classes, (args.batch, *shape[1:]) if per_pixel else (args.batch,))
    if any(first(layer, "type", "") == "DetectionLoss" for layer in definition["layer"]):
        labels = random_boxes(args.batch, shape, args.classes)
    for mode in args.mode.split(","):
        if mode not in MODES:
            parser.error(f"no mode {mode}; expected some of {', '.join(MODES)}")
        print(json.dumps(rate(args, mode, definition, data, labels)), flush=True)


if __name__ == "__main__":
    main()
