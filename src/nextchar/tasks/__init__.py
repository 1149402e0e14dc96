"""Whole jobs over files: train, compare, classify, find outliers."""
