import { expect, it } from "vitest";
import { compare_layers } from "./transfer";

const source = `
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" convolution_param { num_output: 8 kernel_size: 3 } }
layer { name: "fc6" type: "InnerProduct" bottom: "conv1" top: "fc6" inner_product_param { num_output: 32 } }
layer { name: "fc7" type: "InnerProduct" bottom: "fc6" top: "fc7" inner_product_param { } }`;

const target = `layer {
  name: "conv1"
  type: "Convolution"
  param { lr_mult: 1 }
  param {
    lr_mult: 2
  }
  convolution_param { num_output: 8 kernel_size: 3 }
}
layer {
  name: "relu1"
  type: "ReLU"
}
layer {
  name: "fc6"
  type: "Convolution"
  convolution_param { num_output: 32 kernel_size: 6 bias_term: false }
}
layer {
  name: "score"
  type: "Convolution"
  convolution_param { kernel_size: 1 }
}`;

it("finds layers by their names, and those of another shape", () => {
  expect(compare_layers(target, source)).toEqual({ kept: ["conv1"], anew: ["score"], differing: ["fc6"] });
});
