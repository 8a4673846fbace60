# -*- coding: latin-1 -*-
"""A script that says everything it can see of how it was started. (Saved in Latin-1: \xe9)"""
import __main__
import atexit
import os
import sys
import warnings

print(list(globals()))
print(__name__, __doc__, __file__, __spec__, __package__, type(__loader__), __builtins__, sys.modules["__main__"] is __main__)
print(sys.argv, sys.path, sys.flags, sys.executable)
print([argument for argument in sys.orig_argv[1:]])
print(len("é"), os.getcwd(), sorted(os.environ) == sorted(os.environ.copy()))
print("torch" in sys.modules, "rich" in sys.modules, "multiprocessing" in sys.modules)
print(open(os.path.join(os.path.dirname(__file__), "data.txt")).read().strip())
warnings.warn("seen at this line")
print(input(), sys.stdin.read())
print("to standard error", file=sys.stderr)
sys.stdout.write("no newline at the end, still in the buffer")


@atexit.register
def last_words():
    print("\nexit handler", "__file__" in globals(), __main__.__name__)
