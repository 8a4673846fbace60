def fail():
    raise LookupError("from the inner module")
