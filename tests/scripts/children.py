"""Starts children in every way, pickles what is defined in this very file, and has them say what they are."""
import atexit
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor


class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return type(self) is type(other) and self.x == other.x


def child(point):
    import __main__

    return type(point).__module__, point.x, __name__, sys.argv, os.path.basename(getattr(__main__, "__file__", "none")), "reluctant" in sys.modules


def say(method):
    print("process", method, flush=True)


@atexit.register
def pickled_at_the_end():
    print("at exit", pickle.loads(pickle.dumps(Point(3))) == Point(3))


def pickled_in_thread(released):
    released.wait()
    print("in thread", pickle.loads(pickle.dumps(Point(2))) == Point(2))


if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            answer = pool.submit(child, Point(1)).result()
            print(method, answer[:-1], answer[-1] and method != "fork")
        process = context.Process(target=say, args=(method,))
        process.start()
        process.join()
        print(process.exitcode, flush=True)
    print(subprocess.run([sys.executable, "-c", "import sys; print('reluctant' in sys.modules, sys.argv)"], capture_output=True, text=True).stdout)
    released = threading.Event()
    threading.Thread(target=pickled_in_thread, args=(released,)).start()
    threading.Timer(0.2, released.set).start()
