"""A task service as it is usually built with Django and Celery: the benchmark compares Taskbell with it."""

from .celery import app as celery_app

__all__ = ["celery_app"]
