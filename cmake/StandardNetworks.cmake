# The standard networks, as digits_embed_texts() takes them: a constant and a file each.
get_filename_component(networks ${CMAKE_CURRENT_LIST_DIR}/../networks ABSOLUTE)
set(DIGITS_STANDARD_NETWORKS
    kLenetText ${networks}/lenet.prototxt
    kAlexnetText ${networks}/alexnet.prototxt
    kGooglenetText ${networks}/googlenet.prototxt
    kVgg16Text ${networks}/vgg16.prototxt
    kResnet18Text ${networks}/resnet18.prototxt
    kResnet50Text ${networks}/resnet50.prototxt
    kSqueezenetText ${networks}/squeezenet.prototxt
    kMobilenetV2Text ${networks}/mobilenetv2.prototxt
    kEfficientnetLite0Text ${networks}/efficientnet_lite0.prototxt
    kEfficientnetLite1Text ${networks}/efficientnet_lite1.prototxt
    kDetectorText ${networks}/detector.prototxt
    kDetectorLite0Text ${networks}/detector_lite0.prototxt
    kDetectnetText ${networks}/detectnet.prototxt
    kDetectnetLite0Text ${networks}/detectnet_lite0.prototxt
    kSegmenterText ${networks}/segmenter.prototxt
    kSegmenterLite0Text ${networks}/segmenter_lite0.prototxt
    kUnetLightText ${networks}/unet_light.prototxt
    kUnetText ${networks}/unet.prototxt
    kFcnAlexnetText ${networks}/fcn_alexnet.prototxt
    kImageToImageText ${networks}/image_to_image.prototxt
    kAutoencoderText ${networks}/autoencoder.prototxt
    kRegressionText ${networks}/regression.prototxt
    kSiameseText ${networks}/siamese.prototxt
    kMultilabelText ${networks}/multilabel.prototxt)
