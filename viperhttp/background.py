"""Background tasks for applications: BackgroundTask, BackgroundTasks, spawn."""

from .endpoints.background import BackgroundTask, BackgroundTasks, spawn

__all__ = ("BackgroundTask", "BackgroundTasks", "spawn")
