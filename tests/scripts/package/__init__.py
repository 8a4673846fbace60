import sys

print("package", __name__, sys.argv[0], "__file__" in vars(sys.modules["__main__"]))
