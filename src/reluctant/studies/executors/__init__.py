"""Where trials run: one file an executor, found by discovery."""

from ._executor import Executor, executor, executors

__all__ = ["Executor", "executor", "executors"]
