"""Which weights read where nobody chose others."""

CLASSIFIER = "mobilenetv2"
SEGMENTER = "dual_head_unet"
