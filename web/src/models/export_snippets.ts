// Code to paste. tests/api/share_test.py runs each one as it stands, so keep each one whole.

/** `server`: no file; other programs ask this server. */
export type ExportFormat = "onnx" | "safetensors" | "caffe" | "server";

export const languages = {
  onnx: ["Python", "C++", "OpenCV", "curl"],
  safetensors: ["Python", "curl"],
  caffe: ["OpenCV", "curl"],
  server: ["Python", "curl"],
} as const satisfies Record<ExportFormat, readonly string[]>;

interface Names {
  file: string;
  id: string;
  origin: string;
  width: number;
  height: number;
}

const onnx_python = `import json, sys
import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession("FILE")
facts = session.get_modelmeta().custom_metadata_map
prepare = json.loads(facts["digits.preprocessing"])
image = Image.open(sys.argv[1]).convert("RGB" if prepare["channels"] == 3 else "L")
image = image.resize((prepare["width"], prepare["height"]))
pixels = np.asarray(image, np.float32).reshape(prepare["height"], prepare["width"], prepare["channels"])
outputs = session.run(None, {"image": pixels.transpose(2, 0, 1)[None]})
if "digits.labels" in facts and outputs[0].ndim == 2:
    labels = json.loads(facts["digits.labels"])
    for i in np.argsort(-outputs[0][0])[:5]:
        print(f"{outputs[0][0][i]:.4f} {labels[i]}")
else:
    print({out.name: value.shape for out, value in zip(session.get_outputs(), outputs)})
`;

const onnx_cpp = `#include <onnxruntime_cxx_api.h>
#include <cstdio>
#include <vector>

int main() {
    Ort::Env environment;
    Ort::Session session(environment, "FILE", Ort::SessionOptions{});
    auto shape = session.GetInputTypeInfo(0).GetTensorTypeAndShapeInfo().GetShape();
    shape[0] = 1;
    std::vector<float> pixels(shape[1] * shape[2] * shape[3]);  // R, G, B planes of 0 to 255
    auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    auto input = Ort::Value::CreateTensor<float>(memory, pixels.data(), pixels.size(), shape.data(), shape.size());
    Ort::AllocatorWithDefaultOptions allocator;
    auto output = session.GetOutputNameAllocated(0, allocator);
    const char *inputs[]{"image"}, *outputs[]{output.get()};
    auto result = session.Run(Ort::RunOptions{}, inputs, &input, 1, outputs, 1);
    std::printf("%s: %g\\n", output.get(), result[0].GetTensorData<float>()[0]);
}
`;

const onnx_opencv = `import sys
import cv2

net = cv2.dnn.readNetFromONNX("FILE")
image = cv2.imread(sys.argv[1])
net.setInput(cv2.dnn.blobFromImage(image, 1.0, (WIDTH, HEIGHT), swapRB=True))
print(net.forward().round(4))
`;

const safetensors_python = `from safetensors.numpy import load_file

for name, values in load_file("FILE").items():
    print(name, values.shape)
`;

const caffe_opencv = `import json, sys, tarfile
import cv2
import numpy as np

with tarfile.open("FILE") as archive:
    archive.extractall("model")
facts = json.load(open("model/info.json"))
net = cv2.dnn.readNetFromCaffe("model/" + facts["deploy file"], "model/" + facts["snapshot file"])
height, width, channels = facts["image dimensions"]
image = cv2.imread(sys.argv[1], cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE)
pixels = cv2.resize(image, (width, height)).reshape(height, width, channels).transpose(2, 0, 1).astype(np.float32)
if facts["channel order"] == "RGB":
    pixels = pixels[::-1]
if facts["mean subtraction"] == "image":  # its values are the last of the file
    pixels = pixels - np.fromfile("model/" + facts["mean file"], np.uint8)[-4 * pixels.size:].view(np.float32).reshape(pixels.shape)
elif facts["mean subtraction"] == "pixel":
    pixels = pixels - np.array(facts["mean values"], np.float32).reshape(-1, 1, 1)
crop = facts["crop size"] or 0
if crop:
    top, left = (height - crop) // 2, (width - crop) // 2
    pixels = pixels[:, top:top + crop, left:left + crop]
net.setInput(np.ascontiguousarray(pixels[None] * facts["image scale"]))
output = net.forward()[0]
labels = open("model/labels.txt").read().splitlines() if "labels file" in facts else []
if output.shape == (len(labels),):
    for i in np.argsort(-output)[:5]:
        print(f"{output[i]:.4f} {labels[i]}")
else:
    print(output.shape)
`;

const server_python = `import sys
import numpy as np
import tritonclient.http as triton

client = triton.InferenceServerClient("HOST")
facts = client.get_model_metadata("ID")
image = triton.InferInput("encoded_image", [1], "BYTES")
image.set_data_from_numpy(np.array([open(sys.argv[1], "rb").read()], dtype=np.object_))
answer = client.infer("ID", [image])
labels = facts["parameters"]["labels"]
for output in facts["outputs"]:
    values = answer.as_numpy(output["name"])[0]
    if labels and values.shape == (len(labels),):
        for i in np.argsort(-values)[:5]:
            print(f"{values[i]:.4f} {labels[i]}")
    else:
        print(output["name"], values.shape)
`;

const curl_onnx = `curl -s ORIGIN/api/v1/models/ID/exports --json '{"format": "onnx"}'
curl -s -O ORIGIN/api/v1/models/ID/exports/FILE
`;

const curl_safetensors = `curl -s ORIGIN/api/v1/models/ID/exports --json '{"format": "safetensors"}'
curl -s -O ORIGIN/api/v1/models/ID/exports/FILE
`;

const curl_caffe = `curl -s ORIGIN/api/v1/models/ID/archive -o FILE
`;

const curl_server = `base64 -w0 image.png |
  sed 's/.*/{"inputs":[{"name":"encoded_image","datatype":"BYTES","shape":[1],"data":["&"]}]}/' |
  curl -s ORIGIN/v2/models/ID/infer --json @-
`;

const snippets: Record<string, string> = {
  "onnx Python": onnx_python,
  "onnx C++": onnx_cpp,
  "onnx OpenCV": onnx_opencv,
  "safetensors Python": safetensors_python,
  "caffe OpenCV": caffe_opencv,
  "server Python": server_python,
  "onnx curl": curl_onnx,
  "safetensors curl": curl_safetensors,
  "caffe curl": curl_caffe,
  "server curl": curl_server,
};

export function snippet(format: ExportFormat, language: string, names: Names): string {
  return (snippets[`${format} ${language}`] ?? "")
    .replaceAll("FILE", names.file)
    .replaceAll("ORIGIN", names.origin)
    .replaceAll("WIDTH", String(names.width))
    .replaceAll("HEIGHT", String(names.height))
    .replaceAll("HOST", new URL(names.origin).host)
    .replaceAll(/(?<=[/"])ID(?=[/"])/g, names.id);
}
