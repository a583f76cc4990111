"""Networks that make cells of the five classes. Importing this registers them."""

from cervix_models.generators import cgan, cvae, cyclegan

__all__ = ["cgan", "cvae", "cyclegan"]
