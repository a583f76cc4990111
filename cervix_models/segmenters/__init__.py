"""Networks that find nucleus and cytoplasm. Importing this registers them."""

from cervix_models.segmenters import dual_head_unet, flex_unet, monai_networks

__all__ = ["dual_head_unet", "flex_unet", "monai_networks"]
