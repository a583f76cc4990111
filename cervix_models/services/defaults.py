"""Which weights read where nobody chose others."""

CLASSIFIER = "resnet50_trunk"
SEGMENTER = "dual_head_unet"
