"""The layer of DIGITS's example: hides a quarter of each image, so that a network learns to do without it."""
import random

import caffe


class BlankSquareLayer(caffe.Layer):
    def setup(self, bottom, top):
        assert len(bottom) == 1 and bottom[0].data.ndim >= 3, "BlankSquareLayer wants one bottom of images"
        assert len(top) == 1, "BlankSquareLayer has one top"

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data
        height, width = top[0].data.shape[-2:]
        y, x = random.randrange(height // 2), random.randrange(width // 2)
        top[0].data[..., y : y + height // 2, x : x + width // 2] = 0

    def backward(self, top, propagate_down, bottom):
        pass
