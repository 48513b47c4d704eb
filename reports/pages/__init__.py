"""Reports composed as pages: what is said, in which order, with the issues behind each figure."""
