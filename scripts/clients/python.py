"""Uses the client that OpenAPI Generator writes for Python."""

import os

import taskbell_client as taskbell

configuration = taskbell.Configuration(host=os.environ["TASKBELL_URL"], access_token=os.environ["TASKBELL_KEY"])
with taskbell.ApiClient(configuration) as client:
    tasks = taskbell.TasksApi(client)
    created = tasks.create_task(
        taskbell.CreateTask(name="from Python", delay=3600, payload={"rows": [{"a": 1}]}, tags=["python"])
    )
    assert created.status == "SCHEDULED", created
    task = tasks.read_task(created.id)
    assert task.waiting.reason == "time" and task.progress is None and task.payload == {"rows": [{"a": 1}]}, task
    status = tasks.read_task_status(created.id)
    assert status.waiting.reason == "time", status
    tasks.list_tasks(status=[taskbell.TaskStatus.SCHEDULED], tag=["python"])
    history = tasks.read_task_history(created.id)
    assert history[0].type == "created" and history[0].by.name == "admin", history
    taskbell.CommandsApi(client).cancel_task(created.id)
    retried = taskbell.CommandsApi(client).retry_task(created.id)
    assert retried.retry_count == 1, retried
    taskbell.CommandsApi(client).cancel_task(created.id)
    results = taskbell.BulkOperationsApi(client).create_tasks(
        taskbell.BulkCreate(tasks=[taskbell.CreateTask(name="one of many", delay=3600)])
    )
    assert results.results[0].actual_instance.status == 201, results
    taskbell.OverviewApi(client).get_overview()
    try:
        tasks.create_task(taskbell.CreateTask(name="without a time"))
        raise AssertionError("A task without a time was created")
    except taskbell.exceptions.BadRequestException as error:
        assert "scheduled_time" in error.body, error.body
print("created, read, listed, cancelled")
