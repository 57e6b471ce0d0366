#pragma once

#include "engine/net/layer.hpp"

namespace digits {

extern const LayerType kAbsValLayer;
extern const LayerType kAccuracyLayer;
extern const LayerType kArgMaxLayer;
extern const LayerType kAxpyLayer;
extern const LayerType kBNLLLayer;
extern const LayerType kBatchNormLayer;
extern const LayerType kBatchReindexLayer;
extern const LayerType kBiasLayer;
extern const LayerType kClipLayer;
extern const LayerType kConcatLayer;
extern const LayerType kContrastiveLossLayer;
extern const LayerType kConvolutionLayer;
extern const LayerType kCropLayer;
extern const LayerType kDataLayer;
extern const LayerType kDeconvolutionLayer;
extern const LayerType kDetectNetTransformationLayer;
extern const LayerType kDropoutLayer;
extern const LayerType kDummyDataLayer;
extern const LayerType kELULayer;
extern const LayerType kEltwiseLayer;
extern const LayerType kEmbedLayer;
extern const LayerType kEuclideanLossLayer;
extern const LayerType kExpLayer;
extern const LayerType kFilterLayer;
extern const LayerType kFlattenLayer;
extern const LayerType kHDF5DataLayer;
extern const LayerType kHDF5OutputLayer;
extern const LayerType kHingeLossLayer;
extern const LayerType kIm2colLayer;
extern const LayerType kImageDataLayer;
extern const LayerType kInfogainLossLayer;
extern const LayerType kInnerProductLayer;
extern const LayerType kInputLayer;
extern const LayerType kL1LossLayer;
extern const LayerType kLRNLayer;
extern const LayerType kLSTMLayer;
extern const LayerType kLSTMUnitLayer;
extern const LayerType kLogLayer;
extern const LayerType kMVNLayer;
extern const LayerType kMemoryDataLayer;
extern const LayerType kMultinomialLogisticLossLayer;
extern const LayerType kNormalizeLayer;
extern const LayerType kPReLULayer;
extern const LayerType kParameterLayer;
extern const LayerType kPermuteLayer;
extern const LayerType kPoolingLayer;
extern const LayerType kPowerLayer;
extern const LayerType kPythonLayer;
extern const LayerType kRNNLayer;
extern const LayerType kReLULayer;
extern const LayerType kReductionLayer;
extern const LayerType kReshapeLayer;
extern const LayerType kSPPLayer;
extern const LayerType kScaleLayer;
extern const LayerType kSigmoidCrossEntropyLossLayer;
extern const LayerType kSigmoidLayer;
extern const LayerType kSilenceLayer;
extern const LayerType kSliceLayer;
extern const LayerType kSmoothL1LossLayer;
extern const LayerType kSoftmaxLayer;
extern const LayerType kSoftmaxWithLossLayer;
extern const LayerType kSplitLayer;
extern const LayerType kSwishLayer;
extern const LayerType kTanHLayer;
extern const LayerType kThresholdLayer;
extern const LayerType kTileLayer;
extern const LayerType kWindowDataLayer;

}  // namespace digits
