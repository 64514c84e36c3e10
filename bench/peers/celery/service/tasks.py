import time

from celery import shared_task
from django.utils import timezone

from .models import Task


@shared_task(bind=True, max_retries=3, soft_time_limit=1500, time_limit=1800)
def process_task(self, task_id):
    """Runs a task at its time: two writes, and as little work as the other contenders have."""
    task = Task.objects.get(id=task_id)
    if task.status != Task.Status.SCHEDULED:
        return
    task.status = Task.Status.RUNNING
    task.started_at = timezone.now()
    task.save(update_fields=["status", "started_at", "updated_at"])
    # Only the tasks of the part that kills the worker take a while.
    if "wait_ms" in task.payload:
        time.sleep(task.payload["wait_ms"] / 1000)
    try:
        task.result = {"message": f"{len(task.payload['rows'])} rows processed"}
        task.status = Task.Status.COMPLETED
    except Exception as error:
        task.error_message = str(error)
        task.status = Task.Status.FAILED
    task.finished_at = timezone.now()
    task.save(update_fields=["status", "result", "error_message", "finished_at", "updated_at"])
