"""Networks that find nucleus and cytoplasm. Importing this registers them."""

from cervix_models.segmenters import dual_head_unet

__all__ = ["dual_head_unet"]
