"""Ends in the way its first argument says."""
import atexit
import os
import signal
import sys
import threading
import time

atexit.register(lambda: print("exit handler"))


class Broken(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def fail():
    try:
        {}["missing"]
    except KeyError:
        raise ValueError("from fail") from TypeError("the cause")


def hook(kind, error, traceback):
    import traceback as module

    print("hook", kind.__name__, len(module.extract_tb(traceback)), len(module.extract_tb(error.__traceback__)), file=sys.stderr)


def in_threads():
    thread = threading.Thread(target=lambda: (time.sleep(0.3), print("thread done", "__file__" in globals())))
    thread.start()
    failing = threading.Thread(target=fail, name="failing")
    failing.start()
    failing.join()


def end(how):
    if how == "exception":
        fail()
    elif how == "broken":
        raise Broken
    elif how == "group" and sys.version_info >= (3, 11):
        try:
            fail()
        except ValueError as error:
            raise ExceptionGroup("several", [error, KeyError("k")])
    elif how == "hook":
        sys.excepthook = hook
        fail()
    elif how == "failing-hook":
        sys.excepthook = lambda *arguments: 1 / 0
        fail()
    elif how == "no-hook":
        del sys.excepthook
        fail()
    elif how == "recursion":
        end(how)
    elif how == "interrupt":
        raise KeyboardInterrupt("typed")
    elif how == "signal":
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    elif how == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    elif how == "kill":
        print("before", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "os-exit":
        print("before", flush=True)
        os._exit(7)
    elif how == "threads":
        in_threads()
    elif how == "generator-exit":
        raise GeneratorExit
    elif how == "syntax":
        compile("a b", "other.py", "exec")
    elif how == "import":
        import no_such_module
    elif how == "closed":
        sys.stdout.flush()
        os.close(1)
        print("into nothing")
    elif how == "breakpoint":
        breakpoint()
    elif how == "fork":
        if os.fork() == 0:
            print("child falls off the end", flush=True)
        else:
            os.wait()
            print("parent", flush=True)
    elif how == "fork-exit":
        if os.fork() == 0:
            sys.exit(5)
        print("child ended with", os.waitstatus_to_exitcode(os.wait()[1]))
    elif how != "normal":
        sys.exit(eval(how))


end(sys.argv[1])
