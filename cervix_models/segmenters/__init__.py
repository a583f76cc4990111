"""Networks that find nuclei and cytoplasm. Importing this registers them."""

from cervix_models.segmenters import dual_head_unet, flex_unet, monai_networks, nucleus_finder

__all__ = ["dual_head_unet", "flex_unet", "monai_networks", "nucleus_finder"]
