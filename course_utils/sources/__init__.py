"""Where pictures can come from: one module a source, and a folder for Kaggle."""
