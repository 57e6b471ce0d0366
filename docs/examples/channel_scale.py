"""A layer that learns: one factor for each channel."""
import caffe


class ChannelScale(caffe.Layer):
    def setup(self, bottom, top):
        self.blobs.add_blob(bottom[0].channels)
        self.blobs[0].data[...] = 1

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data * self.factors(bottom)

    def backward(self, top, propagate_down, bottom):
        # What is learned adds up (iter_size); what goes to bottoms replaces.
        product = top[0].diff * bottom[0].data
        self.blobs[0].diff[...] += product.reshape(bottom[0].num, bottom[0].channels, -1).sum(axis=(0, 2))
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff * self.factors(bottom)

    def factors(self, bottom):
        return self.blobs[0].data.reshape(1, -1, *[1] * (len(bottom[0].shape) - 2))
