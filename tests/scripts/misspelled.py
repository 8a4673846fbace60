"""Python cannot compile this script."""
layers = [
    1,
print(layers)
