"""CIFAR-10 from Kaggle: ``service`` fetches its files, ``files`` reads them, the others help ``service``."""
