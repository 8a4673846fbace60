"""Says that it is ready and waits to be stopped."""
import atexit
import signal
import sys
import time

atexit.register(lambda: print("exit handler"))
if sys.argv[1:] == ["handled"]:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(4))
print("ready", flush=True)
time.sleep(30)
