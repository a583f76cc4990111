"""Networks that give a cell one of the five classes. Importing this registers them."""

from cervix_models.classifiers import cnn, mobilenet, resnet, stages

__all__ = ["cnn", "mobilenet", "resnet", "stages"]
