"""The package itself."""
import sys

if __package__:
    from . import inner as neighbour
else:
    import inner as neighbour

print(list(globals()))
print(__name__, __doc__, __package__, __file__, __cached__, __spec__.name, __spec__.origin, type(__loader__), sys.argv, sys.path)
print(neighbour.__name__, sys.orig_argv[1:])
if sys.argv[1:] == ["fail"]:
    neighbour.fail()
