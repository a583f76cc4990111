"""Which weights read where nobody chose others."""

CLASSIFIER = "ensemble"
QUICK = "ensemble_quick"  # many cells at once, by a command; with a gate of its own
SEGMENTER = "dual_head_unet"
FINDER = "nucleus_finder"
ENCODER = "encoder_mobilenet_v3_small"  # which cells are alike
