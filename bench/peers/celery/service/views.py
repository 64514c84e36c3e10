from django.db import transaction
from rest_framework import generics

from .models import Task
from .serializers import TaskSerializer, TaskStatusSerializer
from .tasks import process_task


class Tasks(generics.ListCreateAPIView):
    serializer_class = TaskSerializer

    def get_queryset(self):
        return Task.objects.filter(owner=self.request.user).select_related("owner")

    def perform_create(self, serializer):
        with transaction.atomic():
            task = serializer.save(owner=self.request.user)
            # A worker must not look for the task before it is there.
            transaction.on_commit(
                lambda: process_task.apply_async(args=[str(task.id)], eta=task.scheduled_time)
            )


class TaskStatus(generics.RetrieveAPIView):
    serializer_class = TaskStatusSerializer

    def get_queryset(self):
        return Task.objects.filter(owner=self.request.user)
