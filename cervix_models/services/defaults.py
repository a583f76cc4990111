"""Which weights read where nobody chose others."""

CLASSIFIER = "ensemble"
SEGMENTER = "dual_head_unet"
FINDER = "nucleus_finder"
