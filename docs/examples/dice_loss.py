"""Loss for segmentation: 1 - 2 |P & T| / (|P| + |T|), with probabilities P instead of a mask, so that it has a gradient."""
import caffe
import numpy as np


class DiceLoss(caffe.Layer):
    """Bottoms: probabilities of the object (N x ...), and 0 or 1 for each. Top: the mean loss over the N images.

    param_str is added to both sides of the fraction (default 1), so that an image without any object is not a division by 0.
    """

    def setup(self, bottom, top):
        if len(bottom) != 2 or len(top) != 1:
            raise ValueError(f"DiceLoss has 2 bottoms and 1 top; got {len(bottom)} and {len(top)}")
        self.smooth = float(self.param_str or 1)

    def reshape(self, bottom, top):
        if bottom[0].count != bottom[1].count:
            raise ValueError(f"probabilities {bottom[0].shape} and targets {bottom[1].shape} differ in size")
        top[0].reshape(1)

    def forward(self, bottom, top):
        predicted, wanted = self.rows(bottom)
        self.overlap = 2 * (predicted * wanted).sum(axis=1, keepdims=True) + self.smooth
        self.area = (predicted + wanted).sum(axis=1, keepdims=True) + self.smooth
        top[0].data[...] = np.mean(1 - self.overlap / self.area)

    def backward(self, top, propagate_down, bottom):
        if propagate_down[1]:
            raise ValueError("DiceLoss has no gradient to its targets")
        if propagate_down[0]:
            _, wanted = self.rows(bottom)
            slope = (self.overlap - 2 * wanted * self.area) / self.area**2 / bottom[0].num
            bottom[0].diff[...] = top[0].diff * slope.reshape(bottom[0].shape)

    @staticmethod
    def rows(bottom):
        return [blob.data.reshape(blob.num, -1) for blob in bottom]
