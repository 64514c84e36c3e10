"""Uses the client that openapi-python-client writes."""

import os

from taskbell_client import AuthenticatedClient
from taskbell_client.api.bulk_operations import create_tasks
from taskbell_client.api.commands import cancel_task
from taskbell_client.api.overview import get_overview
from taskbell_client.api.tasks import create_task, list_tasks, read_task, read_task_history
from taskbell_client.models import BulkCreate, CreateTask, CreateTaskPayload, Overview, Problem, Task, TaskStatus

url, key = os.environ["TASKBELL_URL"], os.environ["TASKBELL_KEY"]
with AuthenticatedClient(base_url=url, token=key) as client:
    payload = CreateTaskPayload.from_dict({"rows": [{"a": 1}]})
    body = CreateTask(name="from Python", delay=3600, payload=payload, tags=["python"])
    created = create_task.sync(client=client, body=body)
    assert isinstance(created, Task) and created.status == TaskStatus.SCHEDULED, created
    task = read_task.sync(created.id, client=client)
    assert isinstance(task, Task) and task.waiting.reason == "time" and task.progress is None, task
    listed = list_tasks.sync(client=client, status=[TaskStatus.SCHEDULED], tag=["python"])
    assert isinstance(listed, list), listed
    history = read_task_history.sync(created.id, client=client)
    assert history[0].by.id == created.owner, history
    cancelled = cancel_task.sync(created.id, client=client)
    assert isinstance(cancelled, Task), cancelled
    results = create_tasks.sync(client=client, body=BulkCreate(tasks=[CreateTask(name="one of many", delay=3600)]))
    assert results.results[0].status == 201, results
    overview = get_overview.sync(client=client)
    assert isinstance(overview, Overview), overview
    rejected = create_task.sync(client=client, body=CreateTask(name="without a time"))
    assert isinstance(rejected, Problem) and rejected.code == "validation", rejected
print("created, read, listed, cancelled")
