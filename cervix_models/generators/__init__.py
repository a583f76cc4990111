"""Networks that make cells of the five classes. Importing this registers them."""

from cervix_models.generators import cellflux, cgan, cvae, cyclegan

__all__ = ["cellflux", "cgan", "cvae", "cyclegan"]
