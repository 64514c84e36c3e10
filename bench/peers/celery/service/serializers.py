from rest_framework import serializers

from .models import Task


class TaskSerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.username", read_only=True)

    class Meta:
        model = Task
        fields = "__all__"
        read_only_fields = [
            "status",
            "result",
            "error_message",
            "retry_count",
            "started_at",
            "finished_at",
        ]


class TaskStatusSerializer(serializers.ModelSerializer):
    class Meta:
        model = Task
        fields = [
            "id",
            "name",
            "status",
            "result",
            "error_message",
            "retry_count",
            "scheduled_time",
            "started_at",
            "finished_at",
        ]
